"""One version's way into one environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, part
from myriad.resources.rollouts import Trial
from myriad.waiting import wait_until

ENDED = frozenset({"completed", "failed", "rejected", "void"})


@dataclass(frozen=True)
class Promotion:
    """A request that a person decides.

    ``status``: ``awaiting-approval``, ``approved``, ``rolling-out``, then ``completed``, ``failed``, ``rejected`` or
    ``void``.
    """

    promotion_id: str
    tenant_id: str
    model_name: str
    version: int
    environment: str
    status: str
    reason: str
    evidence_digest: str
    approval_id: str | None
    requested_by: str
    created_at: datetime


class Promotions(Resource):
    """Promotions of the acting tenant."""

    def request(self, model_name: str, version: int, environment: str, trial: Trial | None = None) -> Promotion:
        """Asks that a version go live, with ``trial`` beside the one that answers until its rollout is promoted.
        Problem ``evaluator.no_passing_evidence`` without a passing evaluation."""
        body: dict[str, object] = {"modelName": model_name, "version": version, "environment": environment}
        if trial is not None:
            body["trial"] = {"mode": trial.mode, "percent": trial.percent}
        return self._send(Promotion, "POST", "/v1/promotions", body)

    def list(self, limit: int | None = None) -> Iterator[Promotion]:
        """Newest first."""
        return self._pages(Promotion, "/v1/promotions", limit)

    def get(self, promotion_id: str) -> Promotion:
        """One promotion."""
        return self._get(Promotion, f"/v1/promotions/{part(promotion_id)}")

    def wait(self, promotion_id: str, timeout_seconds: float = 600) -> Promotion:
        """Waits until it ended; a person has to decide first."""
        return wait_until(
            lambda: self.get(promotion_id),
            lambda promotion: promotion.status in ENDED,
            what=f"promotion {promotion_id}",
            timeout_seconds=timeout_seconds,
        )
