"""KServe's own client, unmodified: REST with JSON and with binary tensors, and gRPC."""

import asyncio
from collections.abc import Callable, Coroutine

import grpc
import httpx
import numpy as np
import pytest
from conftest import GRPC, HTTP, ONES, ROW, TOKEN, as_strings, assert_simple, assert_simple_string
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

URL = f"http://{HTTP}"


class Result:
    """Answers as `assert_simple` reads them."""

    def __init__(self, response) -> None:
        self.response = response

    def as_numpy(self, name: str) -> np.ndarray:
        return self.response.get_output_by_name(name).as_numpy()


def request_of(first: np.ndarray, second: np.ndarray, datatype: str, binary: bool, **more) -> InferRequest:
    inputs = [InferInput(f"INPUT{i}", list(first.shape), datatype) for i in range(2)]
    for tensor, values in zip(inputs, (first, second), strict=True):
        tensor.set_data_from_numpy(values, binary_data=binary)
    return InferRequest(model_name="simple" if datatype == "INT32" else "simple_string", infer_inputs=inputs, **more)


def by_rest(use: Callable[[InferenceRESTClient], Coroutine]):
    async def run():
        client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
        try:
            return await use(client)
        finally:
            await client.close()

    return asyncio.run(run())


def by_grpc(use: Callable[[InferenceGRPCClient], Coroutine]):
    async def run():
        async with InferenceGRPCClient(GRPC, retries=0) as client:
            return await use(client)

    return asyncio.run(run())


def test_rest_health(token):
    assert by_rest(lambda client: client.is_server_live(URL))
    assert by_rest(lambda client: client.is_server_ready(URL))
    assert by_rest(lambda client: client.is_model_ready(URL, "simple", headers=token()))
    assert not by_rest(lambda client: client.is_model_ready(URL, "nothing", headers=token()))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None])
def test_rest_infer(token, binary, wanted):
    outputs = None if wanted is None else [RequestedOutput(f"OUTPUT{i}", {"binary_data": wanted}) for i in range(2)]
    request = request_of(ROW, ONES, "INT32", binary, request_outputs=outputs)
    response = by_rest(lambda client: client.infer(URL, request, model_name="simple", headers=token()))
    assert_simple(Result(response))
    assert response.model_name == "simple"


@pytest.mark.parametrize("binary", [True, False])
def test_rest_strings(token, binary):
    request = request_of(as_strings(ROW), as_strings(ONES), "BYTES", binary)
    response = by_rest(lambda client: client.infer(URL, request, model_name="simple_string", headers=token()))
    assert_simple_string(Result(response))


def test_rest_refusal(token):
    request = request_of(ROW.reshape(2, 8), ONES.reshape(2, 8), "INT32", False)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        by_rest(lambda client: client.infer(URL, request, model_name="simple", headers=token()))
    assert refused.value.response.status_code == 400
    assert "[2, 8]" in refused.value.response.json()["error"]


def test_grpc_health():
    assert by_grpc(lambda client: client.is_server_live())
    assert by_grpc(lambda client: client.is_server_ready())
    headers = [("authorization", f"Bearer {TOKEN}")]
    assert by_grpc(lambda client: client.is_model_ready("simple", headers=headers))


@pytest.mark.parametrize("binary", [True, False])
def test_grpc_infer(binary):
    headers = [("authorization", f"Bearer {TOKEN}")]
    request = request_of(ROW, ONES, "INT32", binary, request_id="q1")
    response = by_grpc(lambda client: client.infer(request, headers=headers))
    assert_simple(Result(response))
    assert response.id == "q1"


def test_grpc_refusal():
    headers = [("authorization", f"Bearer {TOKEN}")]
    request = request_of(ROW.reshape(2, 8), ONES.reshape(2, 8), "INT32", True)
    with pytest.raises(grpc.RpcError) as refused:
        by_grpc(lambda client: client.infer(request, headers=headers))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
