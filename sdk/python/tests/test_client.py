"""The nouns of the platform against a scripted gateway."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path

import numpy
import pandas
import pytest
from fake_gateway import Answer, FakeGateway, Request, problem

from myriad import Client, MyriadProblem, MyriadTimeout
from myriad.sse import parse_events

NOW = "2026-01-31T12:00:00.000Z"
VERSION = {
    "datasetName": "flights",
    "version": 1,
    "digest": "sha256:0",
    "format": "csv",
    "sizeBytes": 1,
    "rowCount": 1,
    "columns": [{"name": "hour", "type": "integer", "nullCount": 0, "distinctCount": 1, "min": 1, "max": 1}],
    "committedBy": "svc_1",
    "committedAt": NOW,
}
DATASET = {
    "datasetId": "dst_1",
    "name": "flights",
    "description": "",
    "classification": "internal",
    "latestVersion": None,
    "createdBy": "svc_1",
    "createdAt": NOW,
}
SIGNATURE = {
    "name": "flight-delay",
    "versions": ["3"],
    "platform": "onnxruntime_onnx",
    "inputs": [
        {"name": "hour", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "origin", "datatype": "BYTES", "shape": [-1, 1]},
    ],
    "outputs": [{"name": "probability", "datatype": "FP32", "shape": [-1]}],
}


def presigned(url: str) -> Answer:
    return Answer(201, {"url": url, "method": "PUT", "headers": {"X-Signed": "yes"}, "expiresAt": NOW})


def serve_upload(gateway: FakeGateway, *uploads: Answer) -> None:
    gateway.on("POST", "/v1/datasets/flights/uploads", presigned(f"{gateway.url}/objects/1?signature=s"))
    gateway.on("PUT", "/objects/1", *uploads)
    gateway.on("POST", "/v1/datasets/flights/versions", Answer(201, VERSION))


def test_an_upload_goes_by_digest_to_the_object_store_and_is_then_committed(
    gateway: FakeGateway, client: Client, tmp_path: Path
) -> None:
    content = b"hour\n" + b"7\n" * 1_500_000  # more than one piece
    (tmp_path / "f.csv").write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    gateway.on("GET", "/v1/datasets/flights", problem(404, "registry.dataset_not_found"))
    gateway.on("POST", "/v1/datasets", Answer(201, DATASET))
    serve_upload(gateway, problem(503, "storage.busy"), Answer(201))
    version = client.datasets.upload("flights", tmp_path / "f.csv")

    assert version.row_count == 1 and version.columns[0].name == "hour"
    assert gateway.requests("/v1/datasets/flights/uploads")[0].body == {"digest": digest, "sizeBytes": len(content)}
    for put in gateway.requests("/objects/1"):
        assert put.content == content
        assert put.headers["x-signed"] == "yes" and put.headers["content-length"] == str(len(content))
        assert "authorization" not in put.headers, "the key is the gateway's alone"
    assert len(gateway.requests("/objects/1")) == 2
    assert gateway.requests("/v1/datasets/flights/versions")[0].body == {"digest": digest, "format": "csv"}


def test_bytes_that_are_the_newest_version_are_not_sent_again(
    gateway: FakeGateway, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_bytes(b"x")
    known = {**VERSION, "digest": f"sha256:{hashlib.sha256(b'x').hexdigest()}", "version": 4}
    gateway.on("GET", "/v1/datasets/flights", Answer(body={**DATASET, "latestVersion": 4}))
    gateway.on("GET", "/v1/datasets/flights/versions", Answer(body={"items": [known]}))
    assert client.datasets.upload("flights", tmp_path / "f.csv").version == 4
    assert {request.method for request in gateway.seen} == {"GET"}


def test_an_object_store_that_refuses_is_a_problem(gateway: FakeGateway, client: Client, tmp_path: Path) -> None:
    (tmp_path / "f.parquet").write_bytes(b"x")
    gateway.on("GET", "/v1/datasets/flights", Answer(body=DATASET))
    serve_upload(gateway, problem(422, "storage.digest_mismatch", "other bytes"))
    with pytest.raises(MyriadProblem, match="other bytes"):
        client.datasets.upload("flights", tmp_path / "f.parquet")
    assert gateway.requests("/v1/datasets/flights/versions") == []


def test_a_download_that_breaks_off_leaves_no_file(gateway: FakeGateway, client: Client, tmp_path: Path) -> None:
    gateway.on("GET", "/v1/datasets/flights/versions/2/download", Answer(404, {"code": "registry.gone", "detail": "g"}))
    with pytest.raises(MyriadProblem):
        client.datasets.download("flights", tmp_path / "f.csv", version=2)
    target = {"url": f"{gateway.url}/objects/2", "method": "GET", "headers": {}, "expiresAt": NOW}
    gateway.on("GET", "/v1/datasets/flights/versions/2/download", Answer(body=target))
    gateway.on(
        "GET", "/objects/2", Answer(403, {"code": "storage.expired", "detail": "late"}), Answer(body="hour\n7\n")
    )
    with pytest.raises(MyriadProblem, match="late"):
        client.datasets.download("flights", tmp_path / "f.csv", version=2)
    assert list(tmp_path.iterdir()) == []
    assert client.datasets.download("flights", tmp_path / "f.csv", version=2) == 7
    assert (tmp_path / "f.csv").read_text() == "hour\n7\n"


def serve_model(gateway: FakeGateway) -> None:
    gateway.on("GET", "/v2/models/flight-delay", Answer(body=SIGNATURE))
    answer = {
        "model_name": "flight-delay",
        "model_version": "3",
        "outputs": [{"name": "probability", "datatype": "FP32", "shape": [2], "data": [0.25, 0.10000000149011612]}],
    }
    gateway.on("POST", "/v2/models/flight-delay/infer", Answer(drop=True), Answer(body=answer))


def test_a_frame_becomes_tensors_with_null_for_missing_numbers(gateway: FakeGateway, client: Client) -> None:
    serve_model(gateway)
    frame = pandas.DataFrame({"delayed": [0, 1], "origin": ["JFK", None], "hour": [7.5, numpy.nan]})
    prediction = client.predict("flight-delay", frame)
    assert (prediction.model_version, prediction.probability) == ("3", [0.25, 0.10000000149011612])
    first, again = gateway.requests("/v2/models/flight-delay/infer")
    assert "idempotency-key" not in again.headers and first.content == again.content
    assert again.body == {
        "inputs": [
            {"name": "hour", "datatype": "FP32", "shape": [2, 1], "data": [7.5, None]},
            {"name": "origin", "datatype": "BYTES", "shape": [2, 1], "data": ["JFK", ""]},
        ]
    }


@pytest.mark.parametrize(
    ("data", "hours"),
    [
        ({"hour": 7, "origin": "JFK"}, [7.0]),
        ({"hour": (7, None), "origin": ["JFK", "LGA"]}, [7.0, None]),
        ({"hour": numpy.array([1, 2]), "origin": numpy.array(["A", "B"])}, [1.0, 2.0]),
        ({"hour": pandas.array([1, pandas.NA]), "origin": pandas.Series(["A", pandas.NA])}, [1.0, None]),
        ({"hour": float("nan"), "origin": ""}, [None]),
    ],
)
def test_columns_may_be_single_values_sequences_and_arrays(
    gateway: FakeGateway, client: Client, data: dict[str, object], hours: list[float | None]
) -> None:
    serve_model(gateway)
    client.predict("flight-delay", data)
    tensor = gateway.seen[-1].body["inputs"][0]
    assert (tensor["shape"], tensor["data"]) == ([len(hours), 1], hours)


def test_missing_columns_are_named_before_anything_is_sent(gateway: FakeGateway, client: Client) -> None:
    serve_model(gateway)
    with pytest.raises(ValueError, match=r"columns \['origin'\] are missing; the model takes \['hour', 'origin'\]"):
        client.predict("flight-delay", {"hour": [1]})
    assert gateway.requests("/v2/models/flight-delay/infer") == []


def test_a_value_of_the_wrong_kind_is_refused_with_its_column(gateway: FakeGateway, client: Client) -> None:
    serve_model(gateway)
    with pytest.raises(ValueError, match="column 'hour' is FP32 in the model: could not convert string to float: 'x'"):
        client.predict("flight-delay", {"hour": "x", "origin": "JFK"})


def test_inputs_are_asked_for_again_when_another_version_went_live(gateway: FakeGateway, client: Client) -> None:
    serve_model(gateway)
    data = {"hour": 7, "origin": "JFK", "month": 1}
    client.predict("flight-delay", data)
    wider = [*SIGNATURE["inputs"], {"name": "month", "datatype": "INT64", "shape": [-1, 1]}]
    gateway.on("GET", "/v2/models/flight-delay", Answer(body={**SIGNATURE, "inputs": wider}))

    def infer(request: Request) -> Answer:
        if len(request.body["inputs"]) < 3:
            return problem(400, "inference.input_missing", "month")
        return Answer(body={"model_name": "flight-delay", "model_version": "4", "outputs": []})

    gateway.on("POST", "/v2/models/flight-delay/infer", infer)
    assert client.predict("flight-delay", data).model_version == "4"
    with pytest.raises(MyriadProblem, match="month"):
        gateway.on("POST", "/v2/models/flight-delay/infer", problem(400, "inference.value_invalid", "month"))
        client.predict("flight-delay", data)


def approval(status: str) -> dict[str, object]:
    return {
        "approvalId": "apr_1",
        "kind": "grant",
        "subjectId": "grt_1",
        "status": status,
        "summary": "use flights",
        "evidenceDigest": "sha256:1",
        "requestedBy": "usr_1",
        "createdAt": NOW,
        "expiresAt": NOW,
        "decidedBy": None,
        "decidedAt": None,
        "comment": None,
    }


def test_an_approval_is_decided_on_the_digest_that_was_shown(gateway: FakeGateway, client: Client) -> None:
    gateway.on("GET", "/v1/approvals", Answer(body={"items": []}), Answer(body={"items": [approval("pending")]}))
    gateway.on("POST", "/v1/approvals/apr_1/decision", Answer(body=approval("approved")))
    shown = client.approvals.wait_for_subject("grt_1")
    assert client.approvals.approve(shown, "ok").status == "approved"
    assert gateway.seen[-1].body == {"decision": "approved", "evidenceDigest": "sha256:1", "comment": "ok"}
    assert gateway.seen[0].query == {"status": "pending", "subjectId": "grt_1", "pageSize": "500"}


def test_what_was_made_a_moment_ago_is_waited_for(gateway: FakeGateway, client: Client) -> None:
    me = {
        "principalId": "usr_1",
        "kind": "user",
        "name": "Ada",
        "homeTenantId": "aa",
        "status": "active",
        "bindings": [{"role": "viewer", "tenantId": "*", "environment": "*"}],
        "createdAt": NOW,
        "actingTenantId": "aa",
        "permissions": [],
    }
    unknown = [problem(401, "gateway.key_invalid"), problem(404, "gateway.tenant_unknown")]
    gateway.on("GET", "/v1/principals/me", *unknown, Answer(body=me))
    assert client.wait_usable().bindings[0].role == "viewer"
    gateway.on("GET", "/v1/principals/me", problem(401, "gateway.key_revoked"))
    with pytest.raises(MyriadProblem, match=r"gateway\.key_revoked"):
        client.wait_usable(timeout_seconds=0.1)


def test_waiting_for_ever_ends_with_a_timeout(gateway: FakeGateway, client: Client) -> None:
    gateway.on("GET", "/v1/approvals", Answer(body={"items": []}))
    with pytest.raises(MyriadTimeout, match="the approval of grt_9 did not end within 0.2 s"):
        client.approvals.wait_for_subject("grt_9", timeout_seconds=0.2)


JOB = {
    "jobId": "job_1",
    "fleetRunId": None,
    "status": "running",
    "reason": "",
    "attempt": 1,
    "limits": {"timeoutSeconds": 60},
    "runs": [],
    "createdBy": "svc_1",
    "createdAt": NOW,
}


def test_a_job_is_watched_until_its_end(gateway: FakeGateway, client: Client) -> None:
    gateway.on("POST", "/v1/jobs", Answer(202, JOB))
    stream = (
        ": open\n\n"
        'id: 1\nevent: log\ndata: {"level":"info","message":"a"}\n\n'
        'event: metric\ndata: {"name":"auc",\ndata: "value":0.7}\n\n'
        'event: end\ndata: {}\n\nevent: log\ndata: {"message":"after the end"}\n\n'
    )
    gateway.on("GET", "/v1/jobs/job_1/events", Answer(body=stream, headers={"content-type": "text/event-stream"}))
    gateway.on("GET", "/v1/jobs/job_1", Answer(body=JOB), Answer(body={**JOB, "status": "succeeded"}))
    job = client.jobs.create("delay", ["flights", ("weather", 2)], recipe="r", parameters={"seed": 1})
    assert gateway.seen[0].body == {
        "recipe": "r",
        "modelName": "delay",
        "datasets": [{"name": "flights"}, {"name": "weather", "version": 2}],
        "parameters": {"seed": 1},
    }
    events = list(client.jobs.events(job.job_id))
    assert [(event.event, event.data, event.id) for event in events] == [
        ("log", {"level": "info", "message": "a"}, "1"),
        ("metric", {"name": "auc", "value": 0.7}, "1"),
    ]
    assert client.jobs.wait(job.job_id).status == "succeeded"


def test_an_event_stream_that_is_refused_is_a_problem(gateway: FakeGateway, client: Client) -> None:
    gateway.on("GET", "/v1/jobs/job_1/events", problem(404, "training.job_not_found"))
    with pytest.raises(MyriadProblem, match=r"training\.job_not_found"):
        list(client.jobs.events("job_1"))


def test_event_data_that_is_no_json_is_text() -> None:
    assert [event.data for event in parse_events(["data: plain", "", "data:x", "data", ""])] == ["plain", "x\n"]


RUN = {
    "runId": "run_1",
    "tenantId": "aa",
    "jobId": None,
    "fleetRunId": None,
    "experiment": "lab",
    "modelName": None,
    "status": "running",
    "reason": "",
    "parameters": {},
    "metrics": {},
}


def test_a_tracked_run_ends_with_its_block(gateway: FakeGateway, client: Client) -> None:
    gateway.on("POST", "/v1/runs", Answer(201, RUN))
    gateway.on("POST", "/v1/runs/run_1/metrics", Answer(204))
    gateway.on("POST", "/v1/runs/run_1/complete", Answer(body=RUN))
    with client.runs.track("lab", parameters={"c": 1}) as run:
        run.log(step=3, loss=0.5)
    with pytest.raises(ZeroDivisionError), client.runs.track("lab"):
        raise ZeroDivisionError("by zero")
    points = gateway.requests("/v1/runs/run_1/metrics")[0].body
    assert points == {"metrics": [{"name": "loss", "value": 0.5, "step": 3}]}
    assert [request.body for request in gateway.requests("/v1/runs/run_1/complete")] == [
        {"status": "succeeded", "reason": ""},
        {"status": "failed", "reason": "ZeroDivisionError: by zero"},
    ]


def test_a_new_key_shows_its_secret_only_when_asked(gateway: FakeGateway, client: Client) -> None:
    key = {
        "keyId": "key_1",
        "prefix": "abcdefgh",
        "principalId": "svc_1",
        "scopes": [],
        "expiresAt": None,
        "revokedAt": None,
        "createdBy": "svc_1",
        "createdAt": NOW,
        "key": "myr_abcdefgh_topsecret",
    }
    gateway.on("POST", "/v1/keys", Answer(201, key))
    made = client.keys.create("svc_1")
    assert made.key == "myr_abcdefgh_topsecret"
    assert "topsecret" not in repr(made) and "secret" not in repr(client)
    assert json.dumps(gateway.seen[0].body) == '{"principalId": "svc_1", "scopes": []}'


def test_where_a_model_is_and_why(gateway: FakeGateway, client: Client) -> None:
    explanation = {
        **{"model": "flight-delay", "version": 3, "versionId": "ver_3", "environment": "production"},
        **{"pool": "tabular-small", "replicaId": "realtime-2", "rolloutId": "rol_1", "generation": 7},
        **{"place": "disk", "reason": "it gave way", "memoryBytes": 0, "tenantMemoryBytes": 4096, "uses": 0},
        **{"pendingVersion": None, "refusal": None},
        "loads": [{"startedAt": NOW, "tookMs": 1.5, "from": "disk", "reason": ""}],
        "eviction": {"at": NOW, "uses": 12, "reason": "others were worth more"},
        "runtime": "inline",
        "serving": {"way": "kernel", "micros": 1.2, "memoryBytes": 304, "split": None},
        "trial": {
            **{"mode": "shadow", "percent": 100, "isInMemory": True},
            "served": {"version": 3, "requests": 9, "failures": 0, "inferMicros": 10.5},
            "tried": {"version": 4, "requests": 8, "failures": 0, "inferMicros": 9.5},
            "comparison": {
                **{"compared": 8, "different": 1, "failed": 0, "skipped": 0, "maxDifference": 0.25},
                **{"servedMicros": 10.5, "candidateMicros": 9.5},
            },
        },
    }
    gateway.on("GET", "/v1/serving/explain", Answer(body=explanation))
    found = client.predictions.explain("flight-delay")
    assert (found.place, found.loads[0].from_, found.refusal) == ("disk", "disk", None)
    assert found.eviction is not None
    assert found.eviction.uses == 12
    assert found.serving is not None
    assert (found.runtime, found.serving.way) == ("inline", "kernel")
    assert found.trial is not None
    assert (found.trial.tried.version, found.trial.comparison.max_difference) == (4, 0.25)
    assert gateway.seen[-1].query == {"model": "flight-delay"}


MODEL = {
    "modelId": "mdl_1",
    "name": "churn",
    "application": None,
    "description": None,
    "latestVersion": 2,
    "aliases": {"champion": 1},
    "tags": {"team": "ops"},
    "createdAt": NOW,
    "updatedAt": NOW,
    "deletedAt": None,
}


def test_models_are_searched_page_by_page_with_the_same_filter(gateway: FakeGateway, client: Client) -> None:
    first = Answer(body={"items": [MODEL], "nextPageToken": "t"})
    gateway.on("GET", "/v1/models", first, Answer(body={"items": [{**MODEL, "name": "eta"}]}))
    found = [*client.models.list(filter="tags.team = 'ops'", order_by="name DESC")]
    assert [(model.name, model.tags["team"]) for model in found] == [("churn", "ops"), ("eta", "ops")]
    query = {"filter": "tags.team = 'ops'", "orderBy": "name DESC", "pageSize": "500"}
    assert [request.query for request in gateway.seen] == [query, {**query, "pageToken": "t"}]


def test_models_are_tagged_deleted_and_restored(gateway: FakeGateway, client: Client) -> None:
    gateway.on("PATCH", "/v1/models/churn/tags", Answer(body=MODEL))
    gateway.on("DELETE", "/v1/models/churn", Answer(204))
    gateway.on("POST", "/v1/models/churn/restore", Answer(body=MODEL))
    client.models.tag("churn", {"team": "ops"}, remove=["old"])
    client.models.delete("churn")
    assert client.models.restore("churn").latest_version == 2
    assert gateway.seen[0].body == {"set": {"team": "ops"}, "remove": ["old"]}


def test_an_alias_is_read_as_of_a_time_and_its_removal_is_in_the_history(gateway: FakeGateway, client: Client) -> None:
    move = {"modelName": "churn", "alias": "champion", "version": 1, "movedBy": "usr_1", "movedAt": NOW, "reason": "r"}
    gateway.on("GET", "/v1/models/churn/aliases/champion", Answer(body=move))
    gateway.on("DELETE", "/v1/models/churn/aliases/champion", Answer(204))
    gateway.on("GET", "/v1/models/churn/aliases/champion/history", Answer(body={"items": [{**move, "version": None}]}))
    at = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert client.models.alias("churn", "champion", as_of=at).version == 1
    client.models.remove_alias("churn", "champion", "retired")
    assert [move.version for move in client.models.alias_history("churn", "champion")] == [None]
    assert [request.query for request in gateway.seen[:2]] == [
        {"asOf": "2026-01-02T00:00:00+00:00"},
        {"reason": "retired"},
    ]


def test_bulk_calls_say_what_came_of_each_model(gateway: FakeGateway, client: Client) -> None:
    missing = {"name": "eta", "model": None}
    gateway.on("POST", "/v1/bulk/models/get", Answer(body={"items": [{"name": "churn", "model": MODEL}, missing]}))
    problem_of = {"code": "registry.model_not_found", "detail": "none"}
    results = {"changed": 1, "failed": 1, "items": [{"name": "churn", "problem": None}, {"name": "eta", "problem": problem_of}]}
    gateway.on("POST", "/v1/bulk/models/aliases", Answer(body=results))
    gateway.on("POST", "/v1/bulk/models/tags", Answer(body=results))
    assert [*client.models.get_many(["churn", "eta"])] == ["churn"]
    moved = client.models.move_aliases("champion", {"churn": 2, "eta": None}, "new", atomic=False)
    assert [item.problem and item.problem.code for item in moved.items] == [None, "registry.model_not_found"]
    assert client.models.tag_many({"churn": {"team": "ops"}}).changed == 1
    assert gateway.seen[2].body == {"items": [{"name": "churn", "set": {"team": "ops"}}], "atomic": True}
