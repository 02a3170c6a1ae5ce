"""`mlserver infer`, MLServer's client for files of requests, unmodified; in this process, for its imports take seconds."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import HTTP, ONES, ROW, TOKEN, as_strings
from mlserver.cli.main import root
from mlserver.types import InferenceRequest, RequestInput


def infer(folder: Path, model: str, requests: list[dict], *flags: str) -> list[dict]:
    """Answers in the order of the requests."""
    (folder / "in.jsonl").write_text("".join(f"{json.dumps(request)}\n" for request in requests))
    files = ["-i", str(folder / "in.jsonl"), "-o", str(folder / "out.jsonl")]
    headers = ["-H", f"authorization: Bearer {TOKEN}", "--retries", "1"]
    done = CliRunner().invoke(root, ["infer", "-u", HTTP, "-m", model, *files, *headers, *flags])
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    return sorted(answers, key=lambda answer: answer["parameters"]["batch_index"])


def request_of(shift: int, datatype: str = "INT32") -> dict:
    """As MLServer's own types write it, with all that is optional as null."""
    tensors = [ROW + shift, ONES]
    values = [as_strings(each) if datatype == "BYTES" else each for each in tensors]
    inputs = [
        RequestInput(
            name=f"INPUT{i}",
            shape=list(each.shape),
            datatype=datatype,
            data=[value.decode() if isinstance(value, bytes) else int(value) for value in each.flatten()],
        )
        for i, each in enumerate(values)
    ]
    return InferenceRequest(inputs=inputs).model_dump()


def output(answer: dict, name: str) -> list[int]:
    [found] = [each for each in answer["outputs"] if each["name"] == name]
    return [int(value) for value in found["data"]]


@pytest.mark.parametrize("flags", [(), ("-b",), ("-s", "4", "-w", "2")])
def test_file_of_requests(tmp_path, flags):
    answers = infer(tmp_path, "simple", [request_of(shift) for shift in range(10)], *flags)
    assert len(answers) == 10
    for shift, answer in enumerate(answers):
        assert output(answer, "OUTPUT0") == (ROW + shift + ONES).flatten().tolist()
        assert output(answer, "OUTPUT1") == (ROW + shift - ONES).flatten().tolist()


def test_strings(tmp_path):
    [answer] = infer(tmp_path, "simple_string", [request_of(3, "BYTES")])
    assert output(answer, "OUTPUT0") == (ROW + 3 + ONES).flatten().tolist()


def test_refusal_is_told(tmp_path):
    wrong = request_of(0)
    wrong["inputs"][0]["name"] = "INPUT9"
    [answer] = infer(tmp_path, "simple", [wrong])
    assert "no input 'INPUT9'" in answer["error"]["msg"]
