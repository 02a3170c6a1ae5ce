"""BentoML's service of one endpoint, two workers, without its access log and traces."""

from typing import Any

import bentoml

from model import NAME, Model


@bentoml.service(workers=2, traffic={"timeout": 30, "max_concurrency": 1000}, logging={"access": {"enabled": False}}, tracing={"sample_rate": 0.0})
class Peer:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(route=f"/v2/models/{NAME}/infer")
    async def infer(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        return self.model.answer({"inputs": inputs})
