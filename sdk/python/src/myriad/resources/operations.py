"""What operators see of the services, and their dead letters. Only for the platform's own people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, part

#: The services with a database; each has a state and dead letters of its own.
SERVICES = ("auth", "registry", "training", "evaluator", "deployer", "batch")


@dataclass(frozen=True)
class Check:
    """One thing that must hold before a service is ready; ``reason`` is empty while it does."""

    name: str
    ok: bool
    reason: str
    since: datetime


@dataclass(frozen=True)
class TopicLag:
    """What a service has not handled yet of one topic."""

    topic: str
    lag_records: int
    oldest_age_seconds: float | None = None


@dataclass(frozen=True)
class Outbox:
    """Events on their way to the log."""

    records: int
    oldest_age_seconds: float
    is_leader: bool


@dataclass(frozen=True)
class ConnectionPool:
    """Database connections of the replica that answered."""

    size: int
    used: int
    waiting: int


@dataclass(frozen=True)
class Queue:
    """Work that waits for its turn."""

    name: str
    waiting: int


@dataclass(frozen=True)
class TopicSnapshot:
    """The newest snapshot of a topic, which new replicas of others begin with; ``made_at`` is ``None`` when there is none."""

    topic: str
    made_at: datetime | None
    keys: int
    size_bytes: int
    #: What a replica that begins with it reads from the topic besides.
    new_records: int
    #: For how long a newer one should have been there.
    overdue_seconds: float
    #: Whether replicas that begin now take it; else they read the whole topic.
    is_usable: bool


@dataclass(frozen=True)
class ServiceOperations:
    """How one replica of a service is; ``None`` stands for what could not be found out."""

    service: str
    version: str
    instance: str
    now: datetime
    started_at: datetime
    event_loop_delay_seconds: float
    resident_bytes: int
    is_ready: bool
    checks: Sequence[Check]
    events: Sequence[TopicLag] | None
    outbox: Outbox | None
    dead_letters: int | None
    pool: ConnectionPool
    queues: Sequence[Queue]
    snapshots: Sequence[TopicSnapshot] | None = None


@dataclass(frozen=True)
class SeenService:
    """A service as the gateway sees it."""

    service: str
    is_ready: bool
    reason: str
    since: datetime


@dataclass(frozen=True)
class SeenReplica:
    """A serving process as the gateway sees it."""

    environment: str
    pool: str
    url: str
    is_ready: bool
    reason: str
    since: datetime


@dataclass(frozen=True)
class GatewayOperations:
    """How the gateway is, and what it sees of the others."""

    version: str
    instance: str
    now: datetime
    started_at: datetime
    event_loop_delay_seconds: float
    resident_bytes: int
    services: Sequence[SeenService]
    replicas: Sequence[SeenReplica]


@dataclass(frozen=True)
class DeadLetter:
    """An event that a service could not handle, and why."""

    dead_letter_id: str
    tenant_id: str
    topic: str
    partition: int
    offset: str
    key: str
    event_type: str | None
    event_id: str | None
    traceparent: str | None
    reason: str
    code: str
    attempts: int
    failed_at: datetime


class Operations(Resource):
    """State and dead letters of the services; the acting tenant must be ``platform``."""

    def gateway(self) -> GatewayOperations:
        """The gateway, and which services and replicas it sees ready."""
        return self._get(GatewayOperations, "/v1/operations/gateway")

    def service(self, service: str) -> ServiceOperations:
        """One service: readiness, lag, outbox, dead letters, saturation."""
        return self._get(ServiceOperations, f"/v1/operations/{part(service)}")

    def dead_letters(self, service: str, limit: int | None = None) -> Iterator[DeadLetter]:
        """What the service could not handle, oldest failure first."""
        return self._pages(DeadLetter, f"/v1/operations/{part(service)}/dead-letters", limit)

    def replay(self, service: str, dead_letter_id: str) -> DeadLetter:
        """Gives the service the event again. One that fails again comes back."""
        return self._send(
            DeadLetter, "POST", f"/v1/operations/{part(service)}/dead-letters/{part(dead_letter_id)}/replay"
        )

    def discard(self, service: str, dead_letter_id: str, reason: str) -> DeadLetter:
        """Puts the event away for good."""
        body = {"reason": reason}
        return self._send(
            DeadLetter, "POST", f"/v1/operations/{part(service)}/dead-letters/{part(dead_letter_id)}/discard", body
        )
