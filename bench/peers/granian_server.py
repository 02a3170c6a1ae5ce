"""The fastest that is reasonable in Python: granian's HTTP in Rust, Starlette's routes, orjson."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model import Model

model = Model()


async def infer(request: Request) -> Response:
    answer = orjson.dumps(model.answer(orjson.loads(await request.body())))
    return Response(answer, media_type="application/json")


app = Starlette(routes=[Route("/v2/models/{name}/infer", infer, methods=["POST"])])
