"""``myriad doctor`` and ``myriad dead-letters`` on a gateway that answers by script."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fake_gateway import Answer, FakeGateway, Request, problem

from myriad.cli.main import main
from myriad.resources.operations import SERVICES

LETTER = {
    "deadLetterId": "YWEv",
    "tenantId": "aa",
    "topic": "myriad.auth.approval.v1",
    "partition": 0,
    "offset": "7",
    "key": "aa/1",
    "eventType": "auth.approval-decided.v1",
    "eventId": None,
    "traceparent": None,
    "reason": "no such promotion",
    "code": "evaluator.promotion_not_found",
    "attempts": 5,
    "failedAt": "2026-01-31T12:00:00Z",
}


def now(seconds: float = 0) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def process(**more: Any) -> dict[str, Any]:
    return {
        "version": "0.1.0",
        "instance": "host-1",
        "now": now(),
        "startedAt": "2026-01-31T11:00:00Z",
        "eventLoopDelaySeconds": 0.02,
        "residentBytes": 1,
        **more,
    }


def state(service: str, **more: Any) -> dict[str, Any]:
    return process(
        service=service,
        **{
            "isReady": True,
            "checks": [{"name": "database", "ok": True, "reason": "", "since": "2026-01-31T11:00:00Z"}],
            "events": [{"topic": "myriad.auth.tenant.v1", "lagRecords": 0, "oldestAgeSeconds": None}],
            "outbox": {"records": 0, "oldestAgeSeconds": 0, "isLeader": True},
            "deadLetters": 0,
            "pool": {"size": 8, "used": 1, "waiting": 0},
            "queues": [],
            "snapshots": [],
            **more,
        },
    )


def seen(service: str, reason: str = "") -> dict[str, Any]:
    return {"service": service, "isReady": reason == "", "reason": reason, "since": "2026-01-31T11:00:00Z"}


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: FakeGateway) -> FakeGateway:
    """A mesh that is well; tests make it ill."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("MYRIAD_URL", gateway.url)
    monkeypatch.setenv("MYRIAD_API_KEY", "myr_abcdefgh_secret")
    sees(gateway)
    for service in SERVICES:
        gateway.on("GET", f"/v1/operations/{service}", lambda _, name=service: Answer(body=state(name)))
    for path in ("/v1/pools", "/v1/rollouts", "/v1/keys"):
        gateway.on("GET", path, Answer(body={"items": []}))
    return gateway


def sees(gateway: FakeGateway, *ill: dict[str, Any], replicas: tuple[dict[str, Any], ...] = (), ahead: float = 0) -> None:
    named = {service["service"]: service for service in ill}
    services = [named.get(service, seen(service)) for service in SERVICES]

    def answer(_: Request) -> Answer:
        return Answer(body=process(service="gateway", services=services, replicas=list(replicas), now=now(ahead)))

    gateway.on("GET", "/v1/operations/gateway", answer)


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    code = main(["--json", "doctor", "--pause", "0"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["healthy"] == (code == 0)
    return code, printed["findings"]


def test_a_mesh_that_is_well_has_no_findings(mesh: FakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--pause", "0"]) == 0
    assert capsys.readouterr().out.startswith("healthy")
    assert {request.headers["x-myriad-tenant"] for request in mesh.seen} == {"platform"}


def test_a_stopped_service_is_named_with_its_reason_and_what_to_do(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    sees(mesh, seen("evaluator", "unreachable: connect ECONNREFUSED"))
    assert main(["doctor", "--pause", "0"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("CRITICAL  evaluator: not ready since ")
    assert "connect ECONNREFUSED" in lines[0]
    assert lines[1].strip().startswith("→ read its log")
    assert len(lines) == 2
    assert mesh.requests("/v1/operations/evaluator") == []


def test_a_service_that_does_not_say_how_it_is_is_a_finding(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh.on("GET", "/v1/operations/evaluator", problem(503, "gateway.service_unavailable", "can't be reached"))
    _, (finding,) = doctor(capsys)
    assert (finding["code"], finding["subject"]) == ("service_silent", "evaluator")
    assert "gateway.service_unavailable" in finding["what"]
    assert len(mesh.requests("/v1/operations/evaluator")) == 2


def test_what_is_stuck_is_told_apart_from_what_is_only_busy(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    def lag(*records: int) -> list[Answer]:
        topic = "myriad.deployer.rollout.v1"
        return [
            Answer(body=state("auth", events=[{"topic": topic, "lagRecords": count, "oldestAgeSeconds": None}]))
            for count in records
        ]

    def outbox(*ages: float) -> list[Answer]:
        return [
            Answer(body=state("batch", outbox={"records": 9, "oldestAgeSeconds": age, "isLeader": False})) for age in ages
        ]

    mesh.on("GET", "/v1/operations/auth", *lag(500, 900))
    mesh.on("GET", "/v1/operations/batch", *outbox(60, 62))
    code, findings = doctor(capsys)
    assert code == 1
    assert [(finding["code"], finding["subject"]) for finding in findings] == [
        ("outbox_stuck", "batch"),
        ("events_behind", "auth"),
    ]
    assert "900 records of myriad.deployer.rollout.v1" in findings[1]["what"]
    assert "growing by 400" in findings[1]["what"]

    mesh.on("GET", "/v1/operations/auth", *lag(900, 200))
    mesh.on("GET", "/v1/operations/batch", *outbox(60, 3))
    assert doctor(capsys) == (0, [])


def snapshot(topic: str, age: float | None, **more: Any) -> dict[str, Any]:
    made = {"topic": topic, "madeAt": None if age is None else now(-age), "keys": 1_000, "sizeBytes": 2_500_000}
    return {**made, "newRecords": 7, "overdueSeconds": 0, "isUsable": age is not None, **more}


def test_a_snapshot_that_is_not_renewed_is_a_finding_with_its_age_and_size(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = [snapshot("myriad.auth.key.v1", 60), snapshot("myriad.auth.tenant.v1", None, overdueSeconds=20)]
    mesh.on("GET", "/v1/operations/auth", Answer(body=state("auth", snapshots=fresh)))
    mesh.on("GET", "/v1/operations/batch", Answer(body=state("batch", snapshots=None)))
    assert doctor(capsys) == (0, [])

    old = [
        snapshot("myriad.auth.key.v1", 5 * 3600, overdueSeconds=4 * 3600),
        snapshot("myriad.auth.tenant.v1", 13 * 3600, overdueSeconds=7 * 3600, isUsable=False),
        snapshot("myriad.auth.principal.v1", None, overdueSeconds=600),
    ]
    mesh.on("GET", "/v1/operations/auth", Answer(body=state("auth", snapshots=old)))
    code, findings = doctor(capsys)
    assert code == 1
    assert {(finding["severity"], finding["code"], finding["subject"]) for finding in findings} == {
        ("warning", "snapshot_overdue", "auth")
    }
    used, unused, missing = (finding["what"] for finding in findings)
    assert "myriad.auth.key.v1: the newest snapshot (1000 keys, 2.5 MB) is 5.0 h old" in used
    assert "overdue for 4.0 h; replicas that begin now read 7 records besides" in used
    assert "is 13.0 h old" in unused
    assert unused.endswith("replicas that begin now read the whole topic")
    assert "there is no snapshot, a newer one is overdue for 10 min" in missing
    assert "object store" in findings[0]["next"]


def test_dead_letters_are_named_by_their_cause_with_the_command_that_replays_them(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh.on("GET", "/v1/operations/evaluator", Answer(body=state("evaluator", deadLetters=1)))
    mesh.on("GET", "/v1/operations/evaluator/dead-letters", Answer(body={"items": [LETTER]}))
    _, (finding,) = doctor(capsys)
    assert finding["code"] == "dead_letters"
    assert "1 dead letter of auth.approval-decided.v1: evaluator.promotion_not_found: no such promotion" in finding["what"]
    assert finding["next"].endswith("myriad dead-letters replay evaluator YWEv")


def test_replicas_rollouts_keys_clocks_and_versions(mesh: FakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    replica = {"environment": "production", "pool": "tabular-small", "url": "http://r1", **seen("-", "timeout: none")}
    del replica["service"]
    sees(mesh, replicas=(replica,), ahead=30)
    pool = {"environment": "engineering", "pool": "neural-small", "family": "neural", "sizeClass": "small"}
    pool |= {"status": "failed", "replicas": [], "placements": 3, "conditions": []}
    mesh.on("GET", "/v1/pools", Answer(body={"items": [pool]}))
    rollout = {"rolloutId": "rol_1", "tenantId": "aa", "environment": "production", "modelName": "delay", "version": 2}
    rollout |= {"previousVersion": 1, "promotionId": None, "status": "progressing", "reason": "", "conditions": []}
    mesh.on("GET", "/v1/rollouts", Answer(body={"items": [{**rollout, "createdAt": now(-900), "endedAt": None}]}))
    key = {"keyId": "key_1", "prefix": "myr_abcdefgh", "principalId": "svc_1", "scopes": [], "revokedAt": None}
    key |= {"createdBy": "usr_1", "createdAt": now(-900)}
    ends = [now(3 * 86_400), now(300 * 86_400), None]
    mesh.on("GET", "/v1/keys", Answer(body={"items": [{**key, "expiresAt": at} for at in ends]}))
    mesh.on("GET", "/v1/operations/batch", lambda _: Answer(body=state("batch", version="0.2.0", now=now(30))))
    for service in set(SERVICES) - {"batch"}:
        mesh.on("GET", f"/v1/operations/{service}", lambda _, name=service: Answer(body=state(name, now=now(30))))
    code, findings = doctor(capsys)
    assert code == 1
    assert [(finding["severity"], finding["code"], finding["subject"]) for finding in findings] == [
        ("critical", "replica_not_ready", "production/tabular-small"),
        ("critical", "pool_empty", "engineering/neural-small"),
        ("warning", "placement_unconfirmed", "aa/delay"),
        ("warning", "key_expires", "myr_abcdefgh"),
        ("warning", "clock_skew", "gateway"),
        ("warning", "versions_differ", "mesh"),
    ]


@pytest.mark.parametrize(
    "answer", [Answer(drop=True), problem(401, "gateway.key_invalid"), problem(403, "gateway.permission_missing")]
)
def test_a_mesh_that_can_not_be_looked_at_ends_with_two(
    mesh: FakeGateway, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh.on("GET", "/v1/operations/gateway", answer)
    assert main(["doctor", "--pause", "0"]) == 2
    assert capsys.readouterr().out == ""
    assert len(mesh.requests("/v1/operations/gateway")) == 1


def test_dead_letters_are_listed_of_all_services_replayed_and_discarded(
    mesh: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    for service in SERVICES:
        items = [LETTER] if service == "evaluator" else []
        mesh.on("GET", f"/v1/operations/{service}/dead-letters", Answer(body={"items": items}))
    assert main(["dead-letters", "list"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("service\tdead letter\ttenant")
    assert row.startswith("evaluator\tYWEv\taa\tauth.approval-decided.v1")

    base = "/v1/operations/evaluator/dead-letters/YWEv"
    mesh.on("POST", f"{base}/replay", Answer(202, LETTER))
    mesh.on("POST", f"{base}/discard", Answer(body=LETTER))
    assert main(["dead-letters", "replay", "evaluator", "--all"]) == 0
    assert main(["dead-letters", "discard", "evaluator", "YWEv", "--reason", "made by a test"]) == 0
    assert mesh.requests(f"{base}/discard")[0].body == {"reason": "made by a test"}
    assert len(mesh.requests(f"{base}/replay")) == 1
    assert main(["dead-letters", "replay", "evaluator"]) == 1
    assert main(["dead-letters", "replay", "evaluator", "YWEv", "--all"]) == 1
