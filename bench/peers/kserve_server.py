"""KServe's Python server, without its access log (which costs a fifth)."""

import logging
import os

from kserve import InferOutput, InferRequest, InferResponse, ModelServer
from kserve import Model as ServedModel
from kserve.logging import KSERVE_LOG_CONFIG

from model import DATATYPES, NAME, Model

KSERVE_LOG_CONFIG["loggers"]["uvicorn.access"] = {"handlers": [], "level": "ERROR", "propagate": False}
logging.disable(logging.WARNING)


class OnnxModel(ServedModel):
    def __init__(self) -> None:
        super().__init__(NAME)
        self.model: Model | None = None

    def load(self) -> bool:
        self.model = Model()
        self.ready = True
        return True

    async def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        if self.model is None:
            self.load()
        outputs = []
        for name, value in zip(self.model.outputs, self.model.run(payload.inputs[0].as_numpy().astype("float32"))):
            output = InferOutput(name=name, shape=list(value.shape), datatype=DATATYPES[value.dtype.name])
            output.set_data_from_numpy(value, binary_data=False)
            outputs.append(output)
        return InferResponse(response_id=payload.id or "1", model_name=NAME, infer_outputs=outputs)


if __name__ == "__main__":
    served = OnnxModel()
    served.ready = True
    port = int(os.environ["PORT"])
    ModelServer(http_port=port, grpc_port=int(os.environ["GRPC_PORT"]), workers=1, enable_latency_logging=False).start([served])
