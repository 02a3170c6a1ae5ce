"""Triton with a model in Python, batched by Triton."""

import os

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from model import NAME, Model

model = Model()
FEATURES = int(os.environ["FEATURES"])


@batch
def infer(**inputs: np.ndarray) -> dict[str, np.ndarray]:
    values = model.run(inputs[model.input])
    return {name: value.reshape(len(value), -1) for name, value in zip(model.outputs, values)}


def main() -> None:
    port, grpc_port = int(os.environ["PORT"]), int(os.environ["GRPC_PORT"])
    config = TritonConfig(
        http_address="127.0.0.1", http_port=port, grpc_address="127.0.0.1", grpc_port=grpc_port, allow_metrics=False, log_verbose=0
    )
    types = {"tensor(int64)": np.int64, "tensor(float)": np.float32}
    outputs = [Tensor(name=o.name, dtype=types[o.type], shape=(-1,)) for o in model.session.get_outputs()]
    with Triton(config=config) as triton:
        triton.bind(
            model_name=NAME,
            infer_func=infer,
            inputs=[Tensor(name=model.input, dtype=np.float32, shape=(FEATURES,))],
            outputs=outputs,
            config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
        )
        triton.serve()


main()
