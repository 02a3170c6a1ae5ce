"""Parts of the flights' story that must be able to fail: the comparison of batch and live, and the keyring."""

from __future__ import annotations

import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_gateway import Answer, FakeGateway, Request, problem
from test_cli import ME
from test_client import NOW

from myriad import Client

EXAMPLE = Path(__file__).parents[1] / "examples" / "flights"
ROWS = 2500


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The example's modules; their plain names are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import data
    import keyring
    import live

    yield SimpleNamespace(data=data, keyring=keyring, live=live)
    for name in ("data", "keyring", "live", "cast", "proof", "story"):
        sys.modules.pop(name, None)


def probability_of(hour: float) -> float:
    """A float32 that has no short decimal form."""
    value: float = struct.unpack("<f", struct.pack("<f", 1 / (hour + 3)))[0]
    return value


def serve(gateway: FakeGateway, features: list[dict[str, Any]], output: str, row_errors: int = 0) -> None:
    types = {"numeric": "FP32", "categorical": "BYTES"}
    inputs = [{"name": one["name"], "datatype": types[one["kind"]], "shape": [-1, 1]} for one in features]
    metadata = {"name": "flight-delay", "inputs": inputs, "outputs": []}
    gateway.on("GET", "/v2/models/flight-delay", Answer(body=metadata))

    def infer(request: Request) -> Answer:
        hours = next(tensor["data"] for tensor in request.body["inputs"] if tensor["name"] == "hour")
        outputs = [
            {"name": "label", "data": [0] * len(hours)},
            {"name": "probability", "data": [probability_of(hour) for hour in hours]},
        ]
        return Answer(body={"model_name": "flight-delay", "model_version": "1", "outputs": outputs})

    gateway.on("POST", "/v2/models/flight-delay/infer", infer)
    job = {
        "batchJobId": "bat_1",
        "modelName": "flight-delay",
        "version": 1,
        "environment": "production",
        "dataset": {"name": "flights-golden", "version": 1, "digest": "sha256:0"},
        "outputFormat": "csv",
        "status": "succeeded",
        "reason": "",
        "progress": {"shards": 1, "shardsDone": 1, "rows": ROWS, "rowErrors": row_errors},
        "output": {"digest": "sha256:1", "sizeBytes": len(output), "url": f"{gateway.url}/objects/1"},
        "errors": None,
        "createdBy": "svc_1",
        "createdAt": NOW,
        "endedAt": NOW,
    }
    gateway.on("POST", "/v1/batch-jobs", Answer(202, job))
    gateway.on("GET", "/v1/batch-jobs/bat_1", Answer(body=job))
    gateway.on("GET", "/objects/1", Answer(body=output))


def scored(story: SimpleNamespace, gateway: FakeGateway, client: Client, tmp_path: Path, lines: list[str]) -> Any:
    golden = tmp_path / "flights-golden.csv"
    header = ",".join([*story.data.NUMERIC, *story.data.CATEGORICAL, story.data.LABEL])
    rows = [f"12,1,1,{row % 24},0,100,1200,JFK,0" for row in range(ROWS)]
    golden.write_text("\n".join([header, *rows]) + "\n")
    serve(gateway, story.data.FEATURES, "\n".join(lines) + "\n")
    files = story.data.CarrierFiles("AA", "American", golden, ROWS, golden, ROWS)
    return story.live._score_month(SimpleNamespace(files=files, program=client, tenant_id="aa"))


def batch_lines() -> list[str]:
    return ["row,label,probability", *(f"{row},0,{probability_of(row % 24)!r}" for row in range(ROWS))]


def test_a_month_by_batch_agrees_with_live_to_the_last_bit(
    story: SimpleNamespace, gateway: FakeGateway, client: Client, tmp_path: Path
) -> None:
    result = scored(story, gateway, client, tmp_path, batch_lines())
    assert (result.rows, result.different) == (ROWS, 0)
    assert len(gateway.requests("/v2/models/flight-delay/infer")) == 3


def test_one_bit_or_one_label_of_difference_is_found(
    story: SimpleNamespace, gateway: FakeGateway, client: Client, tmp_path: Path
) -> None:
    lines = batch_lines()
    bits = struct.unpack("<i", struct.pack("<f", probability_of(0)))[0]
    neighbour = struct.unpack("<f", struct.pack("<i", bits + 1))[0]
    lines[1] = f"0,0,{neighbour!r}"
    lines[2500] = lines[2500].replace("2499,0,", "2499,1,")
    assert scored(story, gateway, client, tmp_path, lines).different == 2


@pytest.mark.parametrize("wrong", ["a row is missing", "two rows are exchanged", "a row comes twice"])
def test_rows_out_of_place_are_found(
    story: SimpleNamespace, gateway: FakeGateway, client: Client, tmp_path: Path, wrong: str
) -> None:
    lines = batch_lines()
    if wrong == "a row is missing":
        del lines[7]
    elif wrong == "a row comes twice":
        lines.insert(7, lines[7])
    else:
        lines[7], lines[8] = lines[8], lines[7]
    with pytest.raises(AssertionError, match="not the input's rows in their order"):
        scored(story, gateway, client, tmp_path, lines)


def key(number: int, revoked_at: str | None = None) -> dict[str, Any]:
    return {
        "keyId": f"key_{number}",
        "prefix": "abcdefgh",
        "principalId": "usr_1",
        "scopes": [],
        "expiresAt": None,
        "revokedAt": revoked_at,
        "createdBy": "usr_0",
        "createdAt": NOW,
    }


def test_a_kept_key_is_used_again_until_it_no_longer_works(
    story: SimpleNamespace, gateway: FakeGateway, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "state" / "keys.json"
    gateway.on("GET", "/v1/keys", Answer(body={"items": []}), Answer(body={"items": [key(1), key(0, NOW)]}))
    gateway.on("POST", "/v1/keys", Answer(201, {**key(1), "key": "myr_1"}), Answer(201, {**key(2), "key": "myr_2"}))
    gateway.on("DELETE", "/v1/keys/key_1", Answer(body=key(1, NOW)))
    gateway.on("GET", "/v1/principals/me", Answer(body=ME))

    story.keyring.Keyring(path).client(client, "usr_1").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    story.keyring.Keyring(path).client(client, "usr_1").close()
    assert len([request for request in gateway.requests("/v1/keys") if request.method == "POST"]) == 1

    gateway.on("GET", "/v1/principals/me", problem(401, "gateway.key_revoked"), Answer(body=ME))
    story.keyring.Keyring(path).client(client, "usr_1").close()
    assert [request.path for request in gateway.seen if request.method == "DELETE"] == ["/v1/keys/key_1"]
    assert gateway.seen[-1].headers["authorization"] == "Bearer myr_2"
