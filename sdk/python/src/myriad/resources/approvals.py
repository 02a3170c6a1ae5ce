"""Decisions by a second person, bound to what was shown to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, part
from myriad.waiting import wait_until


@dataclass(frozen=True)
class Approval:
    """Something to decide.

    ``kind`` is ``grant``, ``version-review``, ``promotion`` or ``campaign``; ``subject_id`` the id of that object;
    ``status`` is ``pending``, ``approved``, ``rejected``, ``void`` or ``expired``.
    """

    approval_id: str
    kind: str
    subject_id: str
    status: str
    summary: str
    evidence_digest: str
    requested_by: str
    created_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str | None = None


class Approvals(Resource):
    """Approvals of the acting tenant."""

    def list(
        self, status: str | None = None, subject_id: str | None = None, limit: int | None = None
    ) -> Iterator[Approval]:
        """Newest first."""
        return self._pages(Approval, "/v1/approvals", limit, status=status, subjectId=subject_id)

    def get(self, approval_id: str) -> Approval:
        """One approval."""
        return self._get(Approval, f"/v1/approvals/{part(approval_id)}")

    def wait_for_subject(self, subject_id: str, timeout_seconds: float = 30) -> Approval:
        """The pending approval of an object, which is opened a moment after the object asks for it."""
        found = wait_until(
            lambda: next(self.list(status="pending", subject_id=subject_id), None),
            lambda approval: approval is not None,
            what=f"the approval of {subject_id}",
            timeout_seconds=timeout_seconds,
        )
        assert found is not None
        return found

    def approve(self, approval: Approval, comment: str = "") -> Approval:
        """Approves exactly what ``approval`` shows: refused when the evidence has changed, or to who asked for it."""
        return self._decide(approval, "approved", comment)

    def reject(self, approval: Approval, comment: str = "") -> Approval:
        """Rejects it."""
        return self._decide(approval, "rejected", comment)

    def _decide(self, approval: Approval, decision: str, comment: str) -> Approval:
        body = {"decision": decision, "evidenceDigest": approval.evidence_digest, "comment": comment}
        return self._send(Approval, "POST", f"/v1/approvals/{part(approval.approval_id)}/decision", body)
