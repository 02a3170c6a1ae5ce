"""What a recipe returns."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import ndarray

#: Rows of recorded inputs and outputs that are kept with a model, at most.
MAX_PARITY_ROWS = 64


@dataclass(frozen=True)
class Inconclusive:
    """The data does not suffice for a model. No failure: the tenant is held back, and ``reason`` says why."""

    reason: str


@dataclass(frozen=True)
class TrainingResult:
    """A trained model.

    ``onnx`` is the serialized model or an ``onnx.ModelProto``. ``metrics`` are finite numbers by name.
    ``parity_inputs`` and ``parity_outputs`` are arrays by tensor name whose first dimension is the row: up to
    ``MAX_PARITY_ROWS`` rows and what the training framework itself answered on them; the registry replays them at
    admission. Both are empty when the recipe records none.
    """

    onnx: Any
    metrics: Mapping[str, float] = field(default_factory=dict)
    parity_inputs: Mapping[str, ndarray] = field(default_factory=dict)
    parity_outputs: Mapping[str, ndarray] = field(default_factory=dict)

    def onnx_bytes(self) -> bytes:
        """The serialized model. Raises ``TypeError`` when ``onnx`` is neither bytes nor a ``ModelProto``."""
        if isinstance(self.onnx, (bytes, bytearray, memoryview)):
            return bytes(self.onnx)
        serialize = getattr(self.onnx, "SerializeToString", None)
        if serialize is None:
            raise TypeError(f"TrainingResult.onnx is a {type(self.onnx).__name__}; allowed: bytes or onnx.ModelProto")
        return bytes(serialize())

    def finite_metrics(self) -> dict[str, float]:
        """The metrics that have a JSON form."""
        numbers = {str(name): float(value) for name, value in self.metrics.items()}
        return {name: value for name, value in numbers.items() if math.isfinite(value)}

    def write_parity(self, path: Path) -> bool:
        """Writes ``{inputs, outputs}`` as V2 tensors in JSON; False, and no file, when nothing was recorded."""
        if not self.parity_inputs or not self.parity_outputs:
            return False
        document = {
            "inputs": [v2_tensor(name, array[:MAX_PARITY_ROWS]) for name, array in self.parity_inputs.items()],
            "outputs": [v2_tensor(name, array[:MAX_PARITY_ROWS]) for name, array in self.parity_outputs.items()],
        }
        path.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
        return True


def v2_tensor(name: str, array: Any) -> dict[str, Any]:
    """One tensor in the Open Inference Protocol's JSON form: flat data, NaN as null, texts as BYTES.

    Raises ``TypeError`` for an array of another type than float32/64, int8–64, uint8, bool or text.
    """
    kind = array.dtype.kind
    if kind in "OUS" or array.dtype.name == "str":
        return _tensor(name, "BYTES", array, [str(value) for value in array.ravel().tolist()])
    datatype = _DATATYPES.get(array.dtype.name)
    if datatype is None:
        raise TypeError(f"tensor '{name}' has type {array.dtype}; allowed: {sorted(_DATATYPES)} and text")
    data = array.ravel().tolist()
    if kind == "f":
        data = [value if math.isfinite(value) else None for value in data]
    return _tensor(name, datatype, array, data)


def _tensor(name: str, datatype: str, array: Any, data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


_DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float32": "FP32",
    "float64": "FP64",
}
