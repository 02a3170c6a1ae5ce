"""Live predictions by the Open Inference Protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from myriad.decode import decode
from myriad.errors import MyriadProblem
from myriad.resources.base import Resource, part
from myriad.resources.models import Tensor
from myriad.resources.serving import ServingExplanation
from myriad.transport import Transport


@dataclass(frozen=True)
class ModelMetadata:
    """What a served model takes and gives."""

    name: str
    platform: str = ""
    versions: Sequence[str] = ()
    inputs: Sequence[Tensor] = ()
    outputs: Sequence[Tensor] = ()


@dataclass(frozen=True)
class Prediction:
    """An answer: which version gave it, and each output as a flat list in the order of the rows."""

    model_name: str
    model_version: str
    outputs: Mapping[str, list[Any]] = field(repr=False)

    @property
    def probability(self) -> list[float]:
        """Probability of the positive class, for binary classifiers."""
        return self.outputs["probability"]

    @property
    def label(self) -> list[int]:
        """Predicted class, for classifiers."""
        return self.outputs["label"]


class Predictions(Resource):
    """Models that serve the acting tenant in the acting environment."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._inputs: dict[tuple[str, int | None], Sequence[Tensor]] = {}
        self._lock = threading.Lock()

    def metadata(self, model: str, version: int | None = None) -> ModelMetadata:
        """Inputs and outputs of the version that is live, or of one version."""
        return decode(ModelMetadata, self._transport.request("GET", _path(model, version)))

    def is_ready(self, model: str) -> bool:
        """Whether the model can be run; it is loaded when it is not in memory."""
        try:
            self._transport.request("GET", f"{_path(model, None)}/ready")
            return True
        except MyriadProblem as problem:
            if problem.status in (404, 503):
                return False
            raise

    def explain(self, model: str) -> ServingExplanation:
        """Where the version that answers is (memory, disk, store), why, and what its last loads cost."""
        return self._get(ServingExplanation, "/v1/serving/explain", model=model)

    def predict(self, model: str, data: Any, version: int | None = None, request_id: str | None = None) -> Prediction:
        """Predicts for rows.

        ``data``: a pandas frame, or a mapping of column names to one value or a sequence of values. Columns that the
        model does not take are left out; missing values (``None``, NaN) go as null to numeric inputs and as ``""`` to
        texts. Raises ``ValueError`` naming the columns that are missing.
        """
        inputs = self._known_inputs(model, version)
        try:
            return self._infer(model, version, v2_inputs(data, inputs), request_id)
        except MyriadProblem as problem:
            if problem.status != 400:
                raise
            # Another version may have gone live since its inputs were asked for.
            with self._lock:
                self._inputs.pop((model, version), None)
            fresh = self._known_inputs(model, version)
            if fresh == inputs:
                raise
            return self._infer(model, version, v2_inputs(data, fresh), request_id)

    def _infer(
        self, model: str, version: int | None, tensors: list[dict[str, Any]], request_id: str | None
    ) -> Prediction:
        body: dict[str, Any] = {"inputs": tensors} if request_id is None else {"id": request_id, "inputs": tensors}
        answer = self._transport.request("POST", f"{_path(model, version)}/infer", body=body, repeat="free")
        outputs = {tensor["name"]: tensor["data"] for tensor in answer["outputs"]}
        return Prediction(answer["model_name"], str(answer.get("model_version", "")), outputs)

    def _known_inputs(self, model: str, version: int | None) -> Sequence[Tensor]:
        key = (model, version)
        with self._lock:
            known = self._inputs.get(key)
        if known is None:
            known = self.metadata(model, version).inputs
            with self._lock:
                self._inputs[key] = known
        return known


def v2_inputs(data: Any, inputs: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Columns as the tensors of a request: one value a row, or nested sequences for models that take more."""
    columns = {tensor.name: _column(data, tensor.name) for tensor in inputs}
    missing = [name for name, values in columns.items() if values is None]
    if missing:
        raise ValueError(f"columns {missing} are missing; the model takes {[tensor.name for tensor in inputs]}")
    return [_tensor(tensor, columns[tensor.name] or []) for tensor in inputs]


def _column(data: Any, name: str) -> list[Any] | None:
    if name not in (data.columns if hasattr(data, "columns") else data):
        return None
    values = data[name]
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        return [values]
    return list(values)


def _tensor(tensor: Tensor, values: list[Any]) -> dict[str, Any]:
    convert = _CONVERT.get(tensor.datatype) or _integer
    shape = [len(values)]
    while values and isinstance(values[0], (list, tuple)):
        shape.append(len(values[0]))
        values = [item for row in values for item in row]
    if len(shape) == 1:  # one value a row, whatever the trailing dimensions of 1 are
        shape += tensor.shape[1:]
    try:
        data = [convert(value) for value in values]
    except (TypeError, ValueError) as error:
        raise ValueError(f"column '{tensor.name}' is {tensor.datatype} in the model: {error}") from error
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "data": data}


def _is_missing(value: Any) -> bool:
    # pandas.NA has no truth value, not even of a comparison with itself.
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _number(value: Any) -> float | None:
    return None if _is_missing(value) else float(value)


def _text(value: Any) -> str:
    return "" if _is_missing(value) else str(value)


def _integer(value: Any) -> int:
    return int(value)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "FP16": _number,
    "FP32": _number,
    "FP64": _number,
    "BYTES": _text,
    "BOOL": bool,
}


def _path(model: str, version: int | None) -> str:
    path = f"/v2/models/{part(model)}"
    return path if version is None else f"{path}/versions/{version}"
