"""One application trained for many tenants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.progress import progress_bar
from myriad.resources.base import Resource, given, part
from myriad.resources.jobs import Limits
from myriad.sse import StreamEvent, parse_events
from myriad.waiting import wait_until

ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True)
class FleetRunCounts:
    """Tenants by outcome so far."""

    total: int
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    inconclusive: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        """Tenants with an outcome."""
        return self.succeeded + self.inconclusive + self.failed + self.cancelled


@dataclass(frozen=True)
class FleetRunMember:
    """One tenant's training; ``duration_ms`` in milliseconds, ``None`` until it ended."""

    tenant_id: str
    run_id: str
    job_id: str | None
    status: str
    reason: str
    metrics: Mapping[str, float]
    duration_ms: float | None = None


@dataclass(frozen=True)
class FleetRun:
    """A fleet's training; a list leaves ``members`` out.

    ``status`` is ``queued``, ``running``, ``completed``, ``failed`` or ``cancelled``.
    """

    fleet_run_id: str
    application: str
    dataset_name: str
    recipe: str
    recipe_version: int
    parameters: Mapping[str, Any]
    status: str
    counts: FleetRunCounts
    created_by: str
    created_at: datetime
    members: Sequence[FleetRunMember] = ()
    ended_at: datetime | None = None


class FleetRuns(Resource):
    """Fleet runs need the acting tenant ``platform``."""

    def create(
        self,
        application: str,
        dataset_name: str,
        tenants: Sequence[str],
        *,
        recipe: str | None = None,
        recipe_version: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        tenants_per_job: int = 50,
        limits: Limits | None = None,
    ) -> FleetRun:
        """Trains for every tenant on its own dataset of that name, ``tenants_per_job`` of them in one process."""
        body = given(
            application=application,
            datasetName=dataset_name,
            tenants=list(tenants),
            recipe=recipe,
            recipeVersion=recipe_version,
            parameters=dict(parameters or {}),
            tenantsPerJob=tenants_per_job,
            limits=limits.body() if limits else None,
        )
        return self._send(FleetRun, "POST", "/v1/fleet-runs", body)

    def list(self, limit: int | None = None) -> Iterator[FleetRun]:
        """Newest first, without members."""
        return self._pages(FleetRun, "/v1/fleet-runs", limit)

    def get(self, fleet_run_id: str) -> FleetRun:
        """One fleet run with each tenant's outcome."""
        return self._get(FleetRun, f"/v1/fleet-runs/{part(fleet_run_id)}")

    def cancel(self, fleet_run_id: str) -> FleetRun:
        """Stops what has not ended."""
        return self._send(FleetRun, "POST", f"/v1/fleet-runs/{part(fleet_run_id)}/cancel")

    def events(self, fleet_run_id: str) -> Iterator[StreamEvent]:
        """Outcomes and counts as they come, until the run ends."""
        with self._transport.events(f"/v1/fleet-runs/{part(fleet_run_id)}/events") as lines:
            for event in parse_events(lines):
                if event.event == "end":
                    return
                yield event

    def wait(self, fleet_run_id: str, timeout_seconds: float = 3600, quiet: bool | None = None) -> FleetRun:
        """Waits until every tenant has an outcome."""
        with progress_bar("fleet run", quiet=quiet) as report:
            return wait_until(
                lambda: self.get(fleet_run_id),
                lambda run: run.status in ENDED,
                what=f"fleet run {fleet_run_id}",
                timeout_seconds=timeout_seconds,
                on_state=lambda run: report(run.counts.ended, run.counts.total, run.status),
            )
