"""What is done to a converted graph so that it takes one input per column and gives the two outputs that Myriad serves.

Graphs are ``onnx.GraphProto``; they are changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from myriad.training.task import Feature


def sort_opsets(model: Any) -> None:
    """The converter writes operator sets in the order of a set, which differs from process to process."""
    opsets = sorted((entry.domain, entry.version) for entry in model.opset_import)
    del model.opset_import[:]
    for domain, version in opsets:
        model.opset_import.add(domain=domain, version=version)


def split_matrix(graph: Any, features: Sequence[Feature]) -> None:
    """Puts one input per column, joined, in the place of the matrix."""
    from onnx import TensorProto, helper

    matrix = graph.input[0].name
    del graph.input[:]
    for feature in features:
        graph.input.append(helper.make_tensor_value_info(feature.name, TensorProto.FLOAT, ["rows", 1]))
    graph.node.insert(0, helper.make_node("Concat", [feature.name for feature in features], [matrix], axis=1))


def set_names_apart(graph: Any, keep: Mapping[str, str]) -> None:
    """Puts ``/`` before every name, so that none meets a column's; names in ``keep`` become what it says instead."""

    def renamed(name: str) -> str:
        return keep.get(name) or f"/{name}" if name else name

    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        value.name = renamed(value.name)
    for node in graph.node:
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                set_names_apart(attribute.g, keep)
            for inner in attribute.graphs:
                set_names_apart(inner, keep)


def rewrite_outputs(graph: Any) -> None:
    """Makes the two outputs ``label`` and ``probability`` of shape [-1] out of the converter's two."""
    from onnx import TensorProto, helper

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
            numpy_helper.from_array(weights.reshape(-1, 1), "/out/weights"),
            numpy_helper.from_array(bias, "/out/bias"),
            numpy_helper.from_array(numpy.array([-1], dtype="int64"), "/out/flat"),
            numpy_helper.from_array(numpy.array([0], dtype="float32"), "/out/zero"),
        ]
    )
    source = node.input[0]
    graph.node.remove(node)
    graph.node.extend(
        [
            helper.make_node("MatMul", [source, "/out/weights"], ["/out/product"]),
            helper.make_node("Add", ["/out/product", "/out/bias"], ["/out/logit_column"]),
            helper.make_node("Reshape", ["/out/logit_column", "/out/flat"], ["/out/logit"]),
            helper.make_node("Sigmoid", ["/out/logit"], ["probability"]),
            helper.make_node("Greater", ["/out/logit", "/out/zero"], ["/out/is_positive"]),
            helper.make_node("Cast", ["/out/is_positive"], ["label"], to=TensorProto.INT64),
        ]
    )


def _slice_positive_class(graph: Any, label: str, probabilities: str) -> None:
    import numpy
    from onnx import TensorProto, helper, numpy_helper

    graph.initializer.extend(
        [
            numpy_helper.from_array(numpy.array([-1], dtype="int64"), "/out/flat"),
            numpy_helper.from_array(numpy.array(1, dtype="int64"), "/out/positive_class"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Gather", [probabilities, "/out/positive_class"], ["/out/positive"], axis=1),
            helper.make_node("Reshape", ["/out/positive", "/out/flat"], ["probability"]),
            helper.make_node("Reshape", [label, "/out/flat"], ["/out/label_flat"]),
            helper.make_node("Cast", ["/out/label_flat"], ["label"], to=TensorProto.INT64),
        ]
    )
