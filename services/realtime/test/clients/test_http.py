"""NVIDIA's simple_http_* examples (github.com/triton-inference-server/client, src/python/examples), by an unmodified tritonclient."""

import asyncio

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from conftest import HTTP, ONES, ROW, as_strings, assert_simple, assert_simple_string
from tritonclient.utils import InferenceServerException


@pytest.fixture
def client():
    with triton.InferenceServerClient(url=HTTP, concurrency=4) as client:
        yield client


def inputs_of(module, first: np.ndarray, second: np.ndarray, datatype: str = "INT32", binary: bool = True):
    inputs = [module.InferInput(f"INPUT{i}", list(first.shape), datatype) for i in range(2)]
    inputs[0].set_data_from_numpy(first, binary_data=binary)
    inputs[1].set_data_from_numpy(second, binary_data=binary)
    return inputs


def outputs_of(module, binary: bool):
    return [module.InferRequestedOutput(f"OUTPUT{i}", binary_data=binary) for i in range(2)]


def test_health_and_metadata(client, token):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("simple", headers=token())
    assert not client.is_model_ready("nothing", headers=token())
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("simple", headers=token())
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["INPUT0", "INPUT1"]
    assert client.get_model_metadata("simple", model_version="1", headers=token()) == metadata
    assert client.get_model_config("simple", headers=token())["max_batch_size"] > 0
    with pytest.raises(InferenceServerException, match="no model 'wrong_model_name'"):
        client.get_model_metadata("wrong_model_name", headers=token())


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("wanted", [True, False, None])
def test_infer(client, token, sent, wanted):
    outputs = None if wanted is None else outputs_of(triton, wanted)
    result = client.infer("simple", inputs_of(triton, ROW, ONES, binary=sent), outputs=outputs, headers=token())
    assert_simple(result)
    assert result.get_response()["model_name"] == "simple"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
@pytest.mark.parametrize("rows", [1, 512])
def test_compression(client, token, algorithm, rows):
    first, second = np.repeat(ROW, rows, axis=0), np.repeat(ONES, rows, axis=0)
    result = client.infer(
        "simple",
        inputs_of(triton, first, second),
        headers=token(),
        request_compression_algorithm=algorithm,
        response_compression_algorithm=algorithm,
    )
    np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_strings(client, token, sent, wanted):
    inputs = inputs_of(triton, as_strings(ROW), as_strings(ONES), "BYTES", sent)
    assert_simple_string(client.infer("simple_string", inputs, outputs=outputs_of(triton, wanted), headers=token()))


def test_async_infer(client, token):
    requests = [
        client.async_infer("simple", inputs_of(triton, ROW, ONES), request_id=str(i), headers=token()) for i in range(20)
    ]
    for i, request in enumerate(requests):
        result = request.get_result()
        assert_simple(result)
        assert result.get_response()["id"] == str(i)


def test_aio(token):
    async def main():
        async with triton_aio.InferenceServerClient(url=HTTP) as client:
            assert await client.is_server_live()
            calls = [client.infer("simple", inputs_of(triton_aio, ROW, ONES), headers=token()) for _ in range(20)]
            for result in await asyncio.gather(*calls):
                assert_simple(result)

    asyncio.run(main())


def test_model_control(client, token):
    names = {model["name"] for model in client.get_model_repository_index(headers=token())}
    assert {"simple", "simple_string"} <= names
    client.unload_model("simple", headers=token())
    client.load_model("simple", headers=token())
    assert client.is_model_ready("simple", headers=token())
    with pytest.raises(InferenceServerException, match="no model 'wrong_model_name'"):
        client.load_model("wrong_model_name", headers=token())
    with pytest.raises(InferenceServerException, match="config"):
        client.load_model("simple", config="{}", headers=token())


def test_statistics(client, token):
    client.infer("simple", inputs_of(triton, ROW, ONES), headers=token())
    (statistics,) = client.get_inference_statistics("simple", headers=token())["model_stats"]
    assert statistics["inference_count"] >= 1
    assert statistics["inference_stats"]["success"]["count"] >= 1


def test_settings(client, token):
    assert client.get_trace_settings(headers=token())["trace_level"] == ["OFF"]
    assert client.get_log_settings(headers=token())["log_error"] is True
    with pytest.raises(InferenceServerException, match="setting of the process"):
        client.update_log_settings({"log_verbose_level": 3}, headers=token())


def test_refusals_are_readable(client, token):
    wrong = triton.InferInput("INPUT0", [1, 15], "INT32")
    wrong.set_data_from_numpy(ROW[:, :15])
    with pytest.raises(InferenceServerException, match=r"\[1, 15\]"):
        client.infer("simple", [wrong], headers=token())
    with pytest.raises(InferenceServerException, match="Bearer"):
        client.infer("simple", inputs_of(triton, ROW, ONES))
