"""What the hand-written servers share: one ONNX Runtime session on one thread, and an answer in the shape of the protocol."""

import os

import numpy as np
import onnxruntime as ort

NAME = os.environ["MODEL_NAME"]
PATH = os.environ["MODEL_FILE"]
DATATYPES = {"int64": "INT64", "float32": "FP32"}


class Model:
    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(PATH, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [output.name for output in self.session.get_outputs()]

    def run(self, rows: np.ndarray) -> list[np.ndarray]:
        return self.session.run(None, {self.input: rows})

    def answer(self, request: dict) -> dict:
        tensor = request["inputs"][0]
        rows = np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
        return {"model_name": NAME, "model_version": "1", "outputs": self.tensors(self.run(rows))}

    def tensors(self, values: list[np.ndarray]) -> list[dict]:
        return [
            {"name": name, "datatype": DATATYPES[value.dtype.name], "shape": list(value.shape), "data": value.ravel().tolist()}
            for name, value in zip(self.outputs, values)
        ]
