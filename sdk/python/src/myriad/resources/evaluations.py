"""What a suite found on a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.resources.base import Resource, given, part
from myriad.waiting import wait_until


@dataclass(frozen=True)
class Check:
    """One metric on one set (``golden``, or the generator with its copy), with its interval."""

    set: str
    seed: int | None
    metric: str
    value: float | None
    low: float | None
    high: float | None
    rows: int
    outcome: str
    detail: str


@dataclass(frozen=True)
class Evaluation:
    """One run of a suite on a version.

    ``status`` is ``queued``, ``running``, ``completed`` or ``failed``; ``verdict`` is ``pass``, ``fail`` or
    ``inconclusive``.
    """

    evaluation_id: str
    tenant_id: str
    model_name: str
    version: int
    version_id: str
    suite: str
    suite_version: int
    status: str
    verdict: str | None
    reason: str
    checks: Sequence[Check]
    evidence_digest: str | None
    created_at: datetime
    completed_at: datetime | None = None

    def golden(self, metric: str = "auc") -> Check | None:
        """The check of a metric on the golden set."""
        return next((check for check in self.checks if (check.set, check.metric) == ("golden", metric)), None)


@dataclass(frozen=True)
class Evidence:
    """The immutable bundle that a decision is taken on."""

    digest: str
    evidence: Mapping[str, Any]


class Evaluations(Resource):
    """Evaluations of the acting tenant."""

    def create(self, model_name: str, version: int, suite: str | None = None) -> Evaluation:
        """Runs a suite on an admitted version; by default its application's suite."""
        return self._send(
            Evaluation, "POST", "/v1/evaluations", given(modelName=model_name, version=version, suite=suite)
        )

    def list(
        self, model_name: str | None = None, version: int | None = None, limit: int | None = None
    ) -> Iterator[Evaluation]:
        """Newest first."""
        return self._pages(Evaluation, "/v1/evaluations", limit, modelName=model_name, version=version)

    def get(self, evaluation_id: str) -> Evaluation:
        """One evaluation with every check."""
        return self._get(Evaluation, f"/v1/evaluations/{part(evaluation_id)}")

    def evidence(self, evaluation_id: str) -> Evidence:
        """The bundle itself."""
        return self._get(Evidence, f"/v1/evaluations/{part(evaluation_id)}/evidence")

    def wait(self, evaluation_id: str, timeout_seconds: float = 300) -> Evaluation:
        """Waits until there is a verdict, or the evaluation failed."""
        return wait_until(
            lambda: self.get(evaluation_id),
            lambda evaluation: evaluation.status in ("completed", "failed"),
            what=f"evaluation {evaluation_id}",
            timeout_seconds=timeout_seconds,
        )

    def wait_for_version(self, model_name: str, version: int, timeout_seconds: float = 300) -> Evaluation:
        """Waits for the verdict on a version, whose evaluation the platform starts by itself after admission."""
        found = wait_until(
            lambda: next(self.list(model_name, version, limit=1), None),
            lambda evaluation: evaluation is not None and evaluation.status in ("completed", "failed"),
            what=f"evaluation of {model_name} version {version}",
            timeout_seconds=timeout_seconds,
        )
        assert found is not None
        return found
