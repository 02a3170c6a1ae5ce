"""Approved, time-boxed rights of a principal to use a dataset for a purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, given, part
from myriad.waiting import wait_until


@dataclass(frozen=True)
class Grant:
    """A right, until ``expires_at``.

    ``status`` is ``pending``, ``active``, ``rejected``, ``expired`` or ``revoked``; ``purpose`` is ``training``,
    ``evaluation`` or ``batch``.
    """

    grant_id: str
    dataset_name: str
    principal_id: str
    purpose: str
    justification: str
    status: str
    evidence_digest: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None = None


class Grants(Resource):
    """Grants on the datasets of the acting tenant."""

    def request(
        self,
        dataset_name: str,
        purpose: str,
        justification: str,
        *,
        principal_id: str | None = None,
        expires_in_hours: int = 720,
    ) -> Grant:
        """Asks; someone else decides. ``principal_id``: who may use it, by default the caller."""
        body = given(
            datasetName=dataset_name,
            principalId=principal_id,
            purpose=purpose,
            justification=justification,
            expiresInHours=expires_in_hours,
        )
        return self._send(Grant, "POST", "/v1/grants", body)

    def list(self, dataset_name: str | None = None, status: str | None = None) -> Iterator[Grant]:
        """Newest first."""
        return self._pages(Grant, "/v1/grants", datasetName=dataset_name, status=status)

    def get(self, grant_id: str) -> Grant:
        """One grant."""
        return self._get(Grant, f"/v1/grants/{part(grant_id)}")

    def revoke(self, grant_id: str) -> Grant:
        """Ends a grant now."""
        return self._send(Grant, "DELETE", f"/v1/grants/{part(grant_id)}")

    def wait(self, grant_id: str, timeout_seconds: float = 60) -> Grant:
        """Waits until the grant is decided."""
        return wait_until(
            lambda: self.get(grant_id),
            lambda grant: grant.status != "pending",
            what=f"grant {grant_id}",
            timeout_seconds=timeout_seconds,
        )
