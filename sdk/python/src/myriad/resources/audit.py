"""The audit chain: each record holds the hash of the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.resources.base import Resource


@dataclass(frozen=True)
class AuditRecord:
    """Who did what to which object, and when."""

    seq: int
    tenant_id: str
    actor: str
    action: str
    object: str
    at: datetime
    details: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class BrokenRecord:
    """The first record that does not fit the chain."""

    seq: int
    reason: str


@dataclass(frozen=True)
class AuditVerification:
    """The chain recomputed; keep ``head_hash`` elsewhere, it pins all that came before."""

    valid: bool
    records: int
    head_hash: str
    broken: BrokenRecord | None = None


class Audit(Resource):
    """The acting tenant's chain."""

    def list(
        self,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,
        limit: int | None = None,
    ) -> Iterator[AuditRecord]:
        """Newest first."""
        return self._pages(AuditRecord, "/v1/audit", limit, actor=actor, action=action, object=object)

    def verify(self) -> AuditVerification:
        """Recomputes the whole chain on the server."""
        return self._get(AuditVerification, "/v1/audit/verify")
