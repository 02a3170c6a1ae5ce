"""From a fitted scikit-learn classifier to ONNX in the form that Myriad serves.

one input per column                                   two outputs
<column>  FP32  [-1, 1]   numeric, missing = NaN        label        INT64 [-1]
<column>  BYTES [-1, 1]   categorical, missing = ""     probability  FP32  [-1]   of class 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    model = _convert(classifier, features)
    _rewrite_outputs(model)
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


def _convert(classifier: Any, features: Sequence[Feature]) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    types = {"numeric": FloatTensorType, "categorical": StringTensorType}
    try:
        model = convert_sklearn(
            classifier,
            # The name lands in the file: a fixed one, so that equal models have equal digests.
            name="classifier",
            initial_types=[(feature.name, types[feature.kind]([None, 1])) for feature in features],
            options={id(classifier): {"zipmap": False}},
            target_opset=TARGET_OPSET,
        )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        raise ExportError(f"{type(classifier).__name__} has no ONNX form: {error}") from error
    # The converter writes them in the order of a set, which differs from process to process.
    opsets = sorted((entry.domain, entry.version) for entry in model.opset_import)
    del model.opset_import[:]
    for domain, version in opsets:
        model.opset_import.add(domain=domain, version=version)
    return model


def _rewrite_outputs(model: Any) -> None:
    """Makes the two outputs ``label`` and ``probability`` of shape [-1] out of the converter's two."""
    from onnx import TensorProto, helper

    graph = model.graph
    label, probabilities = (output.name for output in graph.output)
    classifier = next(node for node in graph.node if probabilities in node.output)
    if _is_binary_logistic(classifier, label):
        _lower_logistic(graph, classifier)
    else:
        _slice_positive_class(graph, label, probabilities)
    del graph.output[:]
    graph.output.extend(
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["rows"]),
        ]
    )
    for tensor in graph.input:
        tensor.type.tensor_type.shape.dim[0].dim_param = "rows"


def _is_binary_logistic(node: Any, label: str) -> bool:
    if node.op_type != "LinearClassifier" or label not in node.output:
        return False
    attributes = _attributes(node)
    return len(attributes["intercepts"]) == 2 and attributes["post_transform"] == b"LOGISTIC"


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _lower_logistic(graph: Any, node: Any) -> None:
    """Writes the classifier as x·w + b and a sigmoid, with w a column.

    ``LinearClassifier`` computes both classes as one matrix product whose rounding depends on how many rows come
    at once; a product with a single column adds up each row alone, so a batch gives bit for bit what its rows
    give one by one. It is also faster, and its weights are initializers rather than attributes.
    """
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    attributes = _attributes(node)
    weights = numpy.asarray(attributes["coefficients"], dtype="float32").reshape(2, -1)[1]
    bias = numpy.asarray(attributes["intercepts"], dtype="float32")[1:]
    graph.initializer.extend(
        [
            numpy_helper.from_array(weights.reshape(-1, 1), "weights"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(numpy.array([-1], dtype="int64"), "flat"),
            numpy_helper.from_array(numpy.array([0], dtype="float32"), "zero"),
        ]
    )
    source = node.input[0]
    graph.node.remove(node)
    graph.node.extend(
        [
            helper.make_node("MatMul", [source, "weights"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["logit_column"]),
            helper.make_node("Reshape", ["logit_column", "flat"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["probability"]),
            helper.make_node("Greater", ["logit", "zero"], ["is_positive"]),
            helper.make_node("Cast", ["is_positive"], ["label"], to=TensorProto.INT64),
        ]
    )


def _slice_positive_class(graph: Any, label: str, probabilities: str) -> None:
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    for node in graph.node:
        for index, name in enumerate(node.output):
            if name in (label, probabilities):
                node.output[index] = f"{name}_of_classifier"
        for index, name in enumerate(node.input):
            if name in (label, probabilities):
                node.input[index] = f"{name}_of_classifier"
    graph.initializer.extend(
        [
            numpy_helper.from_array(numpy.array([-1], dtype="int64"), "flat"),
            numpy_helper.from_array(numpy.array(1, dtype="int64"), "positive_class"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Gather", [f"{probabilities}_of_classifier", "positive_class"], ["positive"], axis=1),
            helper.make_node("Reshape", ["positive", "flat"], ["probability"]),
            helper.make_node("Reshape", [f"{label}_of_classifier", "flat"], ["label_flat"]),
            helper.make_node("Cast", ["label_flat"], ["label"], to=TensorProto.INT64),
        ]
    )


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
