"""LitServe with two workers."""

import os

import litserve as ls
import numpy as np

from model import NAME, Model


class OnnxApi(ls.LitAPI):
    def setup(self, device: str) -> None:
        self.model = Model()

    def decode_request(self, request: dict) -> np.ndarray:
        tensor = request["inputs"][0]
        return np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])

    def predict(self, rows: np.ndarray) -> list[np.ndarray]:
        return self.model.run(rows)

    def encode_response(self, values: list[np.ndarray]) -> dict:
        return {"model_name": NAME, "model_version": "1", "outputs": self.model.tensors(values)}


if __name__ == "__main__":
    server = ls.LitServer(OnnxApi(api_path=f"/v2/models/{NAME}/infer"), accelerator="cpu", workers_per_device=2, timeout=30)
    server.run(port=int(os.environ["PORT"]), host="127.0.0.1", generate_client_file=False, log_level="warning", access_log=False)
