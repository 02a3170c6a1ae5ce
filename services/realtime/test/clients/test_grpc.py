"""NVIDIA's simple_grpc_* examples, by an unmodified tritonclient."""

import asyncio
import queue

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from conftest import GRPC, ONES, ROW, as_strings, assert_simple, assert_simple_string
from tritonclient.utils import InferenceServerException


@pytest.fixture
def client():
    with triton.InferenceServerClient(url=GRPC) as client:
        yield client


def inputs_of(module, first: np.ndarray, second: np.ndarray, datatype: str = "INT32"):
    inputs = [module.InferInput(f"INPUT{i}", list(first.shape), datatype) for i in range(2)]
    inputs[0].set_data_from_numpy(first)
    inputs[1].set_data_from_numpy(second)
    return inputs


def test_health_and_metadata(client, token):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("simple", headers=token())
    assert client.get_server_metadata().name == "myriad-realtime"
    metadata = client.get_model_metadata("simple", headers=token())
    assert [tensor.name for tensor in metadata.inputs] == ["INPUT0", "INPUT1"]
    config = client.get_model_config("simple", headers=token()).config
    assert list(config.input[0].dims) == [16]
    with pytest.raises(InferenceServerException, match="no model 'wrong_model_name'") as refused:
        client.get_model_metadata("wrong_model_name", headers=token())
    assert refused.value.status() == "StatusCode.NOT_FOUND"


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_infer(client, token, compression):
    outputs = [triton.InferRequestedOutput(f"OUTPUT{i}") for i in range(2)]
    result = client.infer(
        "simple",
        inputs_of(triton, ROW, ONES),
        outputs=outputs,
        headers=token(),
        client_timeout=20,
        compression_algorithm=compression,
    )
    assert_simple(result)


def test_strings(client, token):
    inputs = inputs_of(triton, as_strings(ROW), as_strings(ONES), "BYTES")
    assert_simple_string(client.infer("simple_string", inputs, headers=token()))


def test_async_infer(client, token):
    answers: queue.Queue = queue.Queue()
    for _ in range(20):
        client.async_infer(
            "simple",
            inputs_of(triton, ROW, ONES),
            callback=lambda result, error: answers.put((result, error)),
            headers=token(),
        )
    for _ in range(20):
        result, error = answers.get(timeout=20)
        assert error is None
        assert_simple(result)


def test_stream(client, token):
    answers: queue.Queue = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put((result, error)), headers=token())
    for i in range(20):
        client.async_stream_infer("simple", inputs_of(triton, ROW, ONES), request_id=str(i))
    client.async_stream_infer("wrong_model_name", inputs_of(triton, ROW, ONES))
    for i in range(20):
        result, error = answers.get(timeout=20)
        assert error is None
        assert result.get_response().id == str(i)
        assert_simple(result)
    result, error = answers.get(timeout=20)
    assert result is None and "no model 'wrong_model_name'" in str(error)
    client.stop_stream()


def test_aio(token):
    async def main():
        async with triton_aio.InferenceServerClient(url=GRPC) as client:
            assert await client.is_server_ready()
            calls = [client.infer("simple", inputs_of(triton_aio, ROW, ONES), headers=token()) for _ in range(20)]
            for result in await asyncio.gather(*calls):
                assert_simple(result)

    asyncio.run(main())


def test_model_control(client, token):
    names = {model.name for model in client.get_model_repository_index(headers=token()).models}
    assert {"simple", "simple_string"} <= names
    client.unload_model("simple", headers=token())
    client.load_model("simple", headers=token())
    assert client.is_model_ready("simple", headers=token())
    with pytest.raises(InferenceServerException, match="no model 'wrong_model_name'"):
        client.load_model("wrong_model_name", headers=token())


def test_statistics_and_settings(client, token):
    client.infer("simple", inputs_of(triton, ROW, ONES), headers=token())
    statistics = client.get_inference_statistics("simple", headers=token())
    assert statistics.model_stats[0].inference_count >= 1
    assert list(client.get_trace_settings(headers=token()).settings["trace_level"].value) == ["OFF"]
    assert client.get_log_settings(headers=token()).settings["log_error"].bool_param


def test_refusals_are_typed(client, token):
    wrong = triton.InferInput("INPUT0", [1, 15], "INT32")
    wrong.set_data_from_numpy(ROW[:, :15])
    with pytest.raises(InferenceServerException, match=r"\[1, 15\]") as refused:
        client.infer("simple", [wrong], headers=token())
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
    with pytest.raises(InferenceServerException) as refused:
        client.infer("simple", inputs_of(triton, ROW, ONES))
    assert refused.value.status() == "StatusCode.UNAUTHENTICATED"
