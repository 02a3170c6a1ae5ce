"""A function's source runs elsewhere as it would here."""

from __future__ import annotations

import math
import random as dice
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Job

from myriad.function_source import source_of
from myriad.training import Inconclusive, TrainingTask

THRESHOLD = {"rows": (3, 5)}
UNSENDABLE = open(__file__)  # noqa: SIM115
UNSENDABLE.close()


@dataclass
class Base:
    rows: int


class Summary(Base):
    def words(self) -> str:
        return f"{describe(self.rows)} {Counter('aab')['a']}"


def describe(rows: int) -> str:
    low, high = THRESHOLD["rows"]
    return f"{rows} of {low} to {high}, pi {math.pi:.2f}" if rows else train_nothing(rows)


def train_nothing(rows: int) -> str:
    return describe(rows + 1)  # they call each other


def train_summary(task: TrainingTask, sides: int = 6) -> Inconclusive:
    assert isinstance(OrderedDict(), dict) and dice.random() < sides
    return Inconclusive(Summary(len(task.dataset().frame())).words())


def uses_a_file(task: Any) -> None:
    UNSENDABLE.read()


def has_a_default(task: Any, file: Any = UNSENDABLE) -> None:
    pass


def test_a_function_goes_with_what_it_uses_of_its_module(job: Job) -> None:
    source = source_of(train_summary)
    finished = job.run(source, ["a"], recipe={"sourcePath": "recipe.py", "entryPoint": "train_summary"})
    assert finished.result("a")["reason"] == "3 of 3 to 5, pi 3.14 2"
    assert "import random as dice" in source and "UNSENDABLE" not in source


def make_closure() -> Any:
    secret = 7

    def inner(task: Any) -> int:
        return secret

    return inner


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda task: task, "allowed: a function defined by `def` at the top of a module"),
        (make_closure(), "allowed: a function defined by `def` at the top of a module"),
        (Summary.words, "allowed: a function defined by `def` at the top of a module"),
        (len, "allowed: a function defined by `def` at the top of a module"),
        (uses_a_file, "'uses_a_file' uses 'UNSENDABLE', a TextIOWrapper, which can't be sent"),
        (has_a_default, "'has_a_default' uses 'UNSENDABLE', a TextIOWrapper, which can't be sent"),
    ],
)
def test_what_can_not_be_sent_is_refused_with_the_reason(function: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        source_of(function)


def test_a_function_without_source_is_refused() -> None:
    namespace: dict[str, Any] = {}
    exec("def typed_at_a_prompt(task):\n    return 1\n", namespace)
    with pytest.raises(ValueError, match="source of 'typed_at_a_prompt' is not known"):
        source_of(namespace["typed_at_a_prompt"])
