"""Suites: golden sets, generated sets and the thresholds on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.resources.base import Resource, part


@dataclass(frozen=True)
class Suite:
    """One version of a suite. ``generators`` and ``thresholds`` are kept in their JSON form."""

    suite_id: str
    name: str
    version: int
    digest: str
    task: str
    features: Sequence[Mapping[str, Any]]
    label: str
    golden_dataset: str
    generators: Sequence[Mapping[str, Any]]
    thresholds: Sequence[Mapping[str, Any]]
    min_rows: int
    min_per_class: int
    confidence: float
    seed: int
    created_at: datetime


class Suites(Resource):
    """Adding a suite needs the acting tenant ``platform``; reading does not."""

    def create(
        self,
        name: str,
        features: Sequence[Mapping[str, Any]],
        label: str,
        golden_dataset: str,
        thresholds: Sequence[Mapping[str, Any]],
        *,
        generators: Sequence[Mapping[str, Any]] = (),
        task: str = "binary-classification",
        **options: Any,
    ) -> Suite:
        """Adds a suite, or its next version when it differs.

        ``thresholds``: ``{metric, appliesTo, min?, max?, maxDrop?}``; ``generators``: ``{kind, copies, …}``; options
        ``minRows``, ``minPerClass``, ``confidence`` and ``seed`` as in the contract.
        """
        body = {
            "name": name,
            "task": task,
            "features": [{"name": feature["name"], "kind": feature["kind"]} for feature in features],
            "label": label,
            "goldenDataset": golden_dataset,
            "generators": [dict(generator) for generator in generators],
            "thresholds": [dict(threshold) for threshold in thresholds],
            **options,
        }
        return self._send(Suite, "POST", "/v1/suites", body)

    def list(self) -> Iterator[Suite]:
        """The newest version of each."""
        return self._pages(Suite, "/v1/suites")

    def get(self, name: str) -> Suite:
        """The newest version."""
        return self._get(Suite, f"/v1/suites/{part(name)}")
