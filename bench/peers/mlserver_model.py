"""MLServer's way to serve a model of one's own."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from model import Model


class OnnxModel(MLModel):
    async def load(self) -> bool:
        self.model = Model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        values = self.model.run(rows.astype("float32"))
        outputs = [NumpyCodec.encode_output(name, value) for name, value in zip(self.model.outputs, values)]
        return InferenceResponse(model_name=self.name, model_version="1", outputs=outputs)
