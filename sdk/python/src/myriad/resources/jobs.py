"""Training jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.function_source import source_of
from myriad.progress import progress_bar
from myriad.resources.base import Resource, given, part
from myriad.sse import StreamEvent, parse_events
from myriad.waiting import wait_until

ENDED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Limits:
    """What a job may use; ``None`` leaves the platform's default."""

    timeout_seconds: int | None = None
    memory_bytes: int | None = None
    log_bytes: int | None = None
    max_attempts: int | None = None

    def body(self) -> dict[str, int]:
        """Its JSON form."""
        return given(
            timeoutSeconds=self.timeout_seconds,
            memoryBytes=self.memory_bytes,
            logBytes=self.log_bytes,
            maxAttempts=self.max_attempts,
        )


@dataclass(frozen=True)
class JobRun:
    """One tenant's training within a job."""

    run_id: str
    tenant_id: str
    model_name: str
    status: str


@dataclass(frozen=True)
class Job:
    """``status`` is ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``."""

    job_id: str
    fleet_run_id: str | None
    status: str
    reason: str
    attempt: int
    limits: Limits
    runs: Sequence[JobRun]
    created_by: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class LogLine:
    """One line of a job's log."""

    sequence: int
    at: datetime
    level: str
    task_id: str | None
    message: str


class Jobs(Resource):
    """Jobs of the acting tenant."""

    def create(
        self,
        model_name: str,
        datasets: Sequence[str | tuple[str, int]],
        *,
        recipe: str | None = None,
        source: str | None = None,
        entry_point: str | None = None,
        application: str | None = None,
        experiment: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
    ) -> Job:
        """Trains one model by a recipe's name or by a source of your own; give one of the two.

        ``datasets``: names, or names with a version; without one, the newest.
        """
        chosen = [
            {"name": item} if isinstance(item, str) else {"name": item[0], "version": item[1]} for item in datasets
        ]
        body = given(
            recipe=recipe,
            source=source,
            entryPoint=entry_point,
            modelName=model_name,
            application=application,
            experiment=experiment,
            datasets=chosen,
            parameters=dict(parameters or {}),
            limits=limits.body() if limits else None,
        )
        return self._send(Job, "POST", "/v1/jobs", body)

    def submit(
        self,
        function: Callable[..., Any],
        model_name: str,
        datasets: Sequence[str | tuple[str, int]],
        **options: Any,
    ) -> Job:
        """Trains by a Python function ``(task) -> TrainingResult | Inconclusive``, sent as source.

        Imports, constants and functions of its own module that it uses go along; see ``myriad.function_source``.
        Further options as for ``create``. Raises ``ValueError`` when the function can't be sent.
        """
        return self.create(model_name, datasets, source=source_of(function), entry_point=function.__name__, **options)

    def list(self, status: str | None = None, limit: int | None = None) -> Iterator[Job]:
        """Newest first."""
        return self._pages(Job, "/v1/jobs", limit, status=status)

    def get(self, job_id: str) -> Job:
        """One job."""
        return self._get(Job, f"/v1/jobs/{part(job_id)}")

    def cancel(self, job_id: str) -> Job:
        """Stops a job; what is done stays done."""
        return self._send(Job, "POST", f"/v1/jobs/{part(job_id)}/cancel")

    def logs(self, job_id: str) -> Iterator[LogLine]:
        """All lines so far, in order."""
        return self._pages(LogLine, f"/v1/jobs/{part(job_id)}/logs")

    def events(self, job_id: str) -> Iterator[StreamEvent]:
        """Logs, metrics and status as they come: events ``log``, ``metric``, ``status``, until ``end``."""
        with self._transport.events(f"/v1/jobs/{part(job_id)}/events") as lines:
            for event in parse_events(lines):
                if event.event == "end":
                    return
                yield event

    def wait(self, job_id: str, timeout_seconds: float = 3600, quiet: bool | None = None) -> Job:
        """Waits until the job ended; look at its ``status``."""
        with progress_bar(f"job {job_id}", quiet=quiet) as report:
            return wait_until(
                lambda: self.get(job_id),
                lambda job: job.status in ENDED,
                what=f"job {job_id}",
                timeout_seconds=timeout_seconds,
                on_state=lambda job: report(
                    sum(run.status not in ("queued", "running") for run in job.runs), len(job.runs), job.status
                ),
            )
