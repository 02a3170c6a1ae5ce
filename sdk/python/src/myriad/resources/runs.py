"""Experiments, runs and their metrics: for training that happens elsewhere, and to look back at jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class Experiment:
    """A name to keep runs under."""

    experiment_id: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True)
class MetricPoint:
    """One value of a metric; ``timestamp_ms`` is Unix milliseconds."""

    name: str
    value: float
    step: int
    timestamp_ms: int


@dataclass(frozen=True)
class Run:
    """One training; ``metrics`` holds the newest value of each."""

    run_id: str
    tenant_id: str
    job_id: str | None
    fleet_run_id: str | None
    experiment: str | None
    model_name: str | None
    status: str
    reason: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    artifact_digest: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Experiments(Resource):
    """Experiments of the acting tenant."""

    def create(self, name: str, description: str = "") -> Experiment:
        """Makes one. Problem ``training.experiment_exists`` when there is one of that name."""
        return self._send(Experiment, "POST", "/v1/experiments", {"name": name, "description": description})

    def list(self) -> Iterator[Experiment]:
        """All experiments."""
        return self._pages(Experiment, "/v1/experiments")


class Runs(Resource):
    """Runs of the acting tenant."""

    def create(
        self, experiment: str, *, model_name: str | None = None, parameters: Mapping[str, Any] | None = None
    ) -> Run:
        """Starts a run that happens elsewhere."""
        body = given(experiment=experiment, modelName=model_name, parameters=dict(parameters or {}))
        return self._send(Run, "POST", "/v1/runs", body)

    def track(self, experiment: str, **options: Any) -> TrackedRun:
        """A run as a context: ``with client.runs.track("lab") as run: run.log(loss=0.3, step=1)``."""
        return TrackedRun(self, self.create(experiment, **options))

    def list(
        self, experiment: str | None = None, fleet_run_id: str | None = None, limit: int | None = None
    ) -> Iterator[Run]:
        """Newest first."""
        return self._pages(Run, "/v1/runs", limit, experiment=experiment, fleetRunId=fleet_run_id)

    def get(self, run_id: str) -> Run:
        """One run."""
        return self._get(Run, f"/v1/runs/{part(run_id)}")

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Adds one point to each metric; at most 1,000 at once."""
        points = [{"name": name, "value": float(value), "step": step} for name, value in metrics.items()]
        self._transport.request("POST", f"/v1/runs/{part(run_id)}/metrics", body={"metrics": points})

    def metrics(self, run_id: str, name: str | None = None) -> Iterator[MetricPoint]:
        """Every point of a run, or of one metric of it."""
        return self._pages(MetricPoint, f"/v1/runs/{part(run_id)}/metrics", name=name)

    def complete(self, run_id: str, status: str = "succeeded", reason: str = "") -> Run:
        """Ends a tracked run as ``succeeded``, ``failed``, ``inconclusive`` or ``cancelled``."""
        return self._send(Run, "POST", f"/v1/runs/{part(run_id)}/complete", {"status": status, "reason": reason})


class TrackedRun:
    """A run that ends with its block: succeeded, or failed when an exception leaves it."""

    def __init__(self, runs: Runs, run: Run) -> None:
        self._runs = runs
        self.run = run

    def log(self, step: int = 0, **metrics: float) -> None:
        """Adds points to metrics."""
        self._runs.log_metrics(self.run.run_id, metrics, step)

    def __enter__(self) -> TrackedRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._runs.complete(self.run.run_id)
        else:
            self._runs.complete(self.run.run_id, "failed", f"{type(error).__name__}: {error}"[:2000])
