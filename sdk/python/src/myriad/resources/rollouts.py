"""The change from one placement to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Condition, Resource, part
from myriad.waiting import wait_until


@dataclass(frozen=True)
class Trial:
    """How a version is tried beside the one that answers: ``mode`` is ``canary`` (answers its share of the requests) or
    ``shadow`` (asked the same after the answer, and compared); ``percent`` of the requests, 0 to 100."""

    mode: str
    percent: float


@dataclass(frozen=True)
class Rollout:
    """``status`` is ``progressing``, ``completed``, ``failed`` or ``rolled-back``."""

    rollout_id: str
    tenant_id: str
    environment: str
    model_name: str
    version: int
    previous_version: int | None
    promotion_id: str | None
    status: str
    reason: str
    conditions: Sequence[Condition]
    created_at: datetime
    ended_at: datetime | None = None
    trial: Trial | None = None


class Rollouts(Resource):
    """Rollouts of the acting tenant; the platform sees all tenants."""

    def list(
        self, environment: str | None = None, status: str | None = None, limit: int | None = None
    ) -> Iterator[Rollout]:
        """Newest first."""
        return self._pages(Rollout, "/v1/rollouts", limit, environment=environment, status=status)

    def get(self, rollout_id: str) -> Rollout:
        """One rollout."""
        return self._get(Rollout, f"/v1/rollouts/{part(rollout_id)}")

    def rollback(self, rollout_id: str, reason: str) -> Rollout:
        """Puts the version before back, at once. Problem ``deployer.nothing_to_roll_back`` when there was none."""
        return self._send(Rollout, "POST", f"/v1/rollouts/{part(rollout_id)}/rollback", {"reason": reason})

    def change_trial(self, rollout_id: str, mode: str, percent: float) -> Rollout:
        """Changes how its version is tried. Problem ``deployer.not_on_trial`` when it is not."""
        body = {"mode": mode, "percent": percent}
        return self._send(Rollout, "PUT", f"/v1/rollouts/{part(rollout_id)}/trial", body)

    def promote(self, rollout_id: str, reason: str) -> Rollout:
        """Lets a version that is tried take over. Problem ``deployer.not_on_trial`` when none is."""
        return self._send(Rollout, "POST", f"/v1/rollouts/{part(rollout_id)}/promote", {"reason": reason})

    def wait(self, rollout_id: str, timeout_seconds: float = 300) -> Rollout:
        """Waits until it no longer progresses."""
        return wait_until(
            lambda: self.get(rollout_id),
            lambda rollout: rollout.status != "progressing",
            what=f"rollout {rollout_id}",
            timeout_seconds=timeout_seconds,
        )
