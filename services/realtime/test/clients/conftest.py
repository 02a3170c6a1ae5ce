"""Where the replica is that the spec started: `MYRIAD_HTTP`, `MYRIAD_GRPC` (host:port) and `MYRIAD_TOKEN`."""

import os
from collections.abc import Callable

import numpy as np
import pytest

HTTP = os.environ["MYRIAD_HTTP"]
GRPC = os.environ["MYRIAD_GRPC"]
TOKEN = os.environ["MYRIAD_TOKEN"]

ROW = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)


def as_strings(numbers: np.ndarray) -> np.ndarray:
    return np.array([str(number).encode() for number in numbers.flatten()], dtype=np.object_).reshape(numbers.shape)


def assert_simple(result) -> None:
    """The sum and the difference of ROW and ONES."""
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), ROW + ONES)
    np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), ROW - ONES)


def assert_simple_string(result) -> None:
    for name, expected in (("OUTPUT0", ROW + ONES), ("OUTPUT1", ROW - ONES)):
        values = result.as_numpy(name)
        numbers = [int(value.decode() if isinstance(value, bytes) else value) for value in values.flatten()]
        assert numbers == expected.flatten().tolist()


@pytest.fixture
def token() -> Callable[[], dict[str, str]]:
    """Makes the headers of one call: the HTTP client adds its own to what it is given."""
    return lambda: {"authorization": f"Bearer {TOKEN}"}
