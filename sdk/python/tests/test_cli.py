"""The ``myriad`` command: grammar, what it prints, exit codes."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest
from fake_gateway import Answer, FakeGateway, problem
from test_client import DATASET, JOB, NOW, SIGNATURE, VERSION, approval, presigned

from myriad.cli.main import main

ME = {
    "principalId": "usr_1",
    "kind": "user",
    "name": "Ada",
    "homeTenantId": "aa",
    "status": "active",
    "bindings": [],
    "createdAt": NOW,
    "actingTenantId": "aa",
    "permissions": ["models:read", "datasets:read"],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: FakeGateway) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("MYRIAD_TENANT", "MYRIAD_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MYRIAD_URL", gateway.url)
    monkeypatch.setenv("MYRIAD_API_KEY", "myr_abcdefgh_secret")
    return tmp_path


def test_login_checks_the_key_and_keeps_it_from_others(
    gateway: FakeGateway, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.on("GET", "/v1/principals/me", problem(401, "gateway.key_unknown"), Answer(body=ME))
    monkeypatch.delenv("MYRIAD_API_KEY")
    monkeypatch.setattr("sys.stdin", io.StringIO("myr_other_key\n"))
    assert main(["--url", gateway.url, "login"]) == 1
    stored = home / "config" / "myriad" / "config.json"
    assert not stored.exists()

    monkeypatch.setattr("sys.stdin", io.StringIO("myr_other_key\n"))
    assert main(["--url", gateway.url, "login"]) == 0
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert "myr_other_key" not in "".join(capsys.readouterr())

    monkeypatch.delenv("MYRIAD_URL")
    assert main(["whoami"]) == 0
    assert gateway.seen[-1].headers["authorization"] == "Bearer myr_other_key"
    assert capsys.readouterr().out.splitlines() == [
        "Ada (user usr_1) of tenant aa",
        f"acts in tenant aa at {gateway.url}",
        "may datasets:read, models:read",
    ]


def test_without_a_key_it_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MYRIAD_API_KEY")
    assert main(["whoami"]) == 1
    assert "run `myriad login`" in capsys.readouterr().err


def test_a_refusal_is_printed_with_its_faults_and_request_id(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"pointer": "/name", "detail": "was '../x'"}]
    gateway.on("GET", "/v1/datasets", problem(403, "gateway.forbidden", "no", errors=faults, requestId="req_9"))
    assert main(["datasets", "list"]) == 1
    assert capsys.readouterr().err == "myriad: gateway.forbidden (HTTP 403): no\n  /name: was '../x'\n  request req_9\n"


def test_nobody_there_is_exit_code_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MYRIAD_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert main(["costs"]) == 3
    assert "nobody answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["datasets"],
        ["datasets", "destroy"],
        ["jobs", "run", "m"],
        ["promotions", "request", "m", "one", "production"],
        ["promotions", "request", "m", "1", "moon"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: myriad" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["predict", "m"], ["predict", "m", "hour"], ["campaigns", "create", "a", "f", "--waves", "many"]],
)
def test_wrong_values_are_exit_code_2_too(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("myriad: ")


def test_a_pipe_gets_tab_separated_lines_and_json_when_asked(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.on("GET", "/v1/datasets", Answer(body={"items": [{**DATASET, "latestVersion": 2}]}))
    assert main(["datasets", "list"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading == "dataset\tversion\tclassification\tmade" and row.startswith("flights\t2\tinternal\t")
    for arguments in (["--json", "datasets", "list"], ["datasets", "list", "--json"]):
        assert main(arguments) == 0
        (item,) = json.loads(capsys.readouterr().out)
        assert item["latestVersion"] == 2 and item["createdAt"] == "2026-01-31T12:00:00Z"


def test_tenant_and_environment_are_passed_on(gateway: FakeGateway) -> None:
    gateway.on("GET", "/v1/costs", Answer(body={"items": []}))
    assert main(["--tenant", "platform", "--environment", "engineering", "costs"]) == 0
    assert main(["costs", "--tenant", "aa"]) == 0
    first, second = gateway.seen
    assert (first.headers["x-myriad-tenant"], first.headers["x-myriad-environment"]) == ("platform", "engineering")
    assert second.headers["x-myriad-tenant"] == "aa" and "x-myriad-environment" not in second.headers


def test_uploading_a_file(gateway: FakeGateway, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "f.csv").write_text("hour\n7\n")
    gateway.on("GET", "/v1/datasets/flights", Answer(body=DATASET))
    gateway.on("POST", "/v1/datasets/flights/uploads", presigned(f"{gateway.url}/objects/1"))
    gateway.on("PUT", "/objects/1", Answer(200))
    gateway.on("POST", "/v1/datasets/flights/versions", Answer(201, VERSION))
    assert main(["datasets", "upload", "flights", str(home / "f.csv")]) == 0
    assert capsys.readouterr().out == "flights version 1: 1 rows, sha256:0\n"
    assert main(["datasets", "upload", "flights", str(home / "absent.csv")]) == 1
    assert "absent.csv" in capsys.readouterr().err


def test_running_a_job_follows_its_log_and_tells_failure_by_the_exit_code(
    gateway: FakeGateway, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "train.py").write_text("def fit(task): ...\n")
    stream = 'event: log\ndata: {"level":"error","message":"boom"}\n\nevent: end\ndata: {}\n\n'
    gateway.on("POST", "/v1/jobs", Answer(202, JOB))
    gateway.on("GET", "/v1/jobs/job_1/events", Answer(body=stream))
    gateway.on("GET", "/v1/jobs/job_1", Answer(body={**JOB, "status": "failed", "reason": "boom"}))
    arguments = ["jobs", "run", "delay", "--file", str(home / "train.py"), "--entry-point", "fit"]
    assert main([*arguments, "--dataset", "flights@3", "-p", "seed=7", "-p", "name=x", "--json"]) == 1
    assert gateway.seen[0].body == {
        "source": "def fit(task): ...\n",
        "entryPoint": "fit",
        "modelName": "delay",
        "datasets": [{"name": "flights", "version": 3}],
        "parameters": {"seed": 7, "name": "x"},
    }
    printed = capsys.readouterr()
    assert "error   boom" in printed.err and json.loads(printed.out)["reason"] == "boom"


def test_predicting_one_row_and_a_file(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {
        "model_name": "d",
        "model_version": "3",
        "outputs": [{"name": "label", "data": [0]}, {"name": "probability", "data": [0.25]}],
    }
    gateway.on("GET", "/v2/models/d", Answer(body=SIGNATURE))
    gateway.on("POST", "/v2/models/d/infer", Answer(body=answer))
    assert main(["predict", "d", "hour=7", "origin=JFK"]) == 0
    assert capsys.readouterr().out == "label\tprobability\n0\t0.25\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("origin,hour\nJFK,\n"))
    assert main(["--json", "predict", "d", "--file", "-"]) == 0
    assert [tensor["data"] for tensor in gateway.seen[-1].body["inputs"]] == [[None], ["JFK"]]
    assert json.loads(capsys.readouterr().out)["outputs"] == {"label": [0], "probability": [0.25]}


def test_an_approval_is_refused_when_the_evidence_is_not_what_was_looked_at(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.on("GET", "/v1/approvals/apr_1", Answer(body=approval("pending")))
    gateway.on("POST", "/v1/approvals/apr_1/decision", Answer(body=approval("approved")))
    assert main(["approvals", "approve", "apr_1", "--digest", "sha256:other"]) == 1
    assert "nothing was decided" in capsys.readouterr().err
    assert main(["approvals", "approve", "apr_1", "--digest", "sha256:1", "--comment", "seen"]) == 0
    assert [request.body for request in gateway.requests("/v1/approvals/apr_1/decision")] == [
        {"decision": "approved", "evidenceDigest": "sha256:1", "comment": "seen"}
    ]


def test_a_broken_audit_chain_is_exit_code_1(gateway: FakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    intact = {"valid": True, "records": 9, "headHash": "sha256:9", "broken": None}
    broken = {"valid": False, "records": 3, "headHash": "sha256:3", "broken": {"seq": 4, "reason": "hash"}}
    gateway.on("GET", "/v1/audit/verify", Answer(body=intact), Answer(body=broken))
    assert main(["audit", "verify"]) == 0
    assert main(["audit", "verify"]) == 1
    assert capsys.readouterr().out == "9 records intact; head sha256:9\nbroken at record 4: hash\n"


def test_a_new_key_is_alone_on_standard_output(gateway: FakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    key = {
        "keyId": "key_1",
        "prefix": "abcdefgh",
        "principalId": "svc_1",
        "scopes": ["models:read"],
        "expiresAt": None,
        "revokedAt": None,
        "createdBy": "usr_1",
        "createdAt": NOW,
        "key": "myr_abcdefgh_topsecret",
    }
    gateway.on("POST", "/v1/keys", Answer(201, key))
    assert main(["keys", "create", "svc_1", "--scope", "models:read"]) == 0
    assert capsys.readouterr().out == "myr_abcdefgh_topsecret\n"
