"""From a fitted scikit-learn classifier to ONNX in the form that Myriad serves.

one input per column                                   two outputs
<column>  FP32  [-1, 1]   numeric, missing = NaN        label        INT64 [-1]
<column>  BYTES [-1, 1]   categorical, missing = ""     probability  FP32  [-1]   of class 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from myriad.training.onnx_graph import rewrite_outputs, set_names_apart, sort_opsets, split_matrix
from myriad.training.result import MAX_PARITY_ROWS, TrainingResult
from myriad.training.task import Feature

if TYPE_CHECKING:
    from numpy import ndarray
    from pandas import DataFrame

#: Operator sets of the exported graph: the standard one and the classic ML one.
TARGET_OPSET = {"": 18, "ai.onnx.ml": 3}
#: Largest difference of a probability between scikit-learn (float64) and ONNX Runtime (float32).
PARITY_TOLERANCE = 1e-4


class ExportError(ValueError):
    """The classifier can't be exported, or the exported graph answers otherwise than the classifier."""


@dataclass(frozen=True)
class ExportedClassifier:
    """A serialized model and recorded rows; the outputs are scikit-learn's, not the exported graph's."""

    onnx: bytes
    parity_inputs: Mapping[str, ndarray]
    parity_outputs: Mapping[str, ndarray]

    def result(self, metrics: Mapping[str, float]) -> TrainingResult:
        """The result to return from a recipe."""
        return TrainingResult(self.onnx, metrics, self.parity_inputs, self.parity_outputs)


def export_tabular_classifier(
    classifier: Any, features: Sequence[Feature], sample_frame: DataFrame
) -> ExportedClassifier:
    """Converts a fitted binary classifier (any estimator or pipeline that takes a frame and has ``predict_proba``).

    ``sample_frame``: rows to record and to compare on, with at least the feature columns; up to 64 are used. Rows whose
    probability lies within the tolerance of one half are passed over, for their label is a matter of rounding.
    Raises ``ExportError`` when the classes are not 0 and 1, the conversion fails, or the graph disagrees.
    """
    _check_classes(classifier)
    _check_names(features)
    model = _convert(classifier, features)
    rewrite_outputs(model.graph)
    names = [feature.name for feature in features]
    rows = sample_frame[names]
    probability = classifier.predict_proba(rows)[:, 1]
    rows = rows[abs(probability - 0.5) > PARITY_TOLERANCE].head(MAX_PARITY_ROWS)
    if rows.empty:
        raise ExportError("sample_frame has no row to record")
    inputs = input_tensors(rows, features)
    outputs = {
        "label": classifier.predict(rows).astype("int64"),
        "probability": classifier.predict_proba(rows)[:, 1].astype("float32"),
    }
    _check_domains(model)
    onnx = model.SerializeToString(deterministic=True)
    _check_parity(onnx, inputs, outputs)
    return ExportedClassifier(onnx, inputs, outputs)


def input_tensors(frame: DataFrame, features: Sequence[Feature]) -> dict[str, ndarray]:
    """A frame's columns as the model's inputs: float32 or object arrays of shape [rows, 1]."""
    tensors = {}
    for feature in features:
        column = frame[[feature.name]]
        if feature.kind == "numeric":
            tensors[feature.name] = column.to_numpy("float32")
        else:
            tensors[feature.name] = column.astype("object").where(column.notna(), "").to_numpy("object")
    return tensors


def _check_classes(classifier: Any) -> None:
    classes = list(getattr(classifier, "classes_", []))
    if len(classes) != 2 or [int(value) for value in classes if not isinstance(value, str)] != [0, 1]:
        raise ExportError(f"the classifier's classes are {classes}; allowed: exactly 0 and 1")


def _check_domains(model: Any) -> None:
    others = {node.domain for node in model.graph.node} - {"", "ai.onnx", "ai.onnx.ml"}
    if others:
        raise ExportError(f"the graph needs operators of {sorted(others)}; allowed: ai.onnx and ai.onnx.ml")


def _check_names(features: Sequence[Feature]) -> None:
    taken = [
        feature.name for feature in features if feature.name in ("label", "probability") or feature.name[:1] == "/"
    ]
    if taken:
        raise ExportError(
            f"columns {taken} have names that the model needs: label, probability, and all that begin with /"
        )


def _convert(classifier: Any, features: Sequence[Feature]) -> Any:
    """The converter's graph with one input per column under the column's own name."""
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    if _takes_one_matrix(classifier) and all(feature.kind == "numeric" for feature in features):
        model = _run_converter(classifier, [("matrix", FloatTensorType([None, len(features)]))])
        set_names_apart(model.graph, keep={})
        split_matrix(model.graph, features)
    else:
        types = {"numeric": FloatTensorType, "categorical": StringTensorType}
        model = _run_converter(classifier, [(feature.name, types[feature.kind]([None, 1])) for feature in features])
        if len(model.graph.input) != len(features):
            raise ExportError(f"{len(model.graph.input)} of {len(features)} columns reach the classifier")
        # The converter writes characters other than letters, digits and `_` in a column's name as `_`.
        names = {tensor.name: feature.name for tensor, feature in zip(model.graph.input, features, strict=True)}
        set_names_apart(model.graph, keep=names)
    sort_opsets(model)
    return model


def _takes_one_matrix(classifier: Any) -> bool:
    """Whether the estimator, or a pipeline's first step, looks at columns by position only."""
    steps = getattr(classifier, "steps", None)
    return not hasattr(steps[0][1] if steps else classifier, "transformers_")


def _run_converter(classifier: Any, initial_types: list[tuple[str, Any]]) -> Any:
    from skl2onnx import convert_sklearn

    try:
        return convert_sklearn(
            classifier,
            # The name lands in the file: a fixed one, so that equal models have equal digests.
            name="classifier",
            initial_types=initial_types,
            options={id(classifier): {"zipmap": False}},
            target_opset=TARGET_OPSET,
        )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise ExportError(f"{type(classifier).__name__} has no ONNX form: {error}") from error


def _check_parity(onnx: bytes, inputs: Mapping[str, ndarray], outputs: Mapping[str, ndarray]) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    label, probability = session.run(["label", "probability"], dict(inputs))
    difference = float(abs(probability - outputs["probability"]).max())
    if not difference <= PARITY_TOLERANCE:
        raise ExportError(f"a probability differs by {difference:.2g} from scikit-learn's; allowed: {PARITY_TOLERANCE}")
    wrong = int((label != outputs["label"]).sum())
    if wrong:
        raise ExportError(f"{wrong} of {len(label)} labels differ from scikit-learn's")
