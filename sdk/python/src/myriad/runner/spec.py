"""The job that the training service wrote down for the runner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myriad.training.task import Dataset, Feature


class SpecError(ValueError):
    """The file is no job: it can't be read, or a member is missing or of the wrong kind."""


@dataclass(frozen=True)
class TaskSpec:
    """One tenant's training within a job."""

    task_id: str
    tenant_id: str
    model_name: str
    datasets: Sequence[Dataset]
    features: Sequence[Feature]
    label: str | None
    output_folder: Path


@dataclass(frozen=True)
class JobSpec:
    """A job: one recipe, its parameters and limits, and many tasks.

    ``memory_bytes``: the most memory the process may ask for, ``None`` for no limit. ``threads``: of numeric
    libraries, default 1, so that packed jobs share the machine and results do not depend on it.
    """

    job_id: str
    attempt: int
    source_path: Path
    entry_point: str
    parameters: Mapping[str, Any]
    memory_bytes: int | None
    threads: int
    tasks: Sequence[TaskSpec]

    @staticmethod
    def read(path: Path) -> JobSpec:
        """Reads ``spec.json``; relative paths in it are relative to its folder. Raises ``SpecError``."""
        try:
            return _job(json.loads(path.read_text(encoding="utf-8")), path.resolve().parent)
        except OSError as error:
            raise SpecError(f"{path} can't be read: {error.strerror}") from error
        except KeyError as error:
            raise SpecError(f"{path} lacks member {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise SpecError(f"{path} is no job: {error}") from error


def _job(value: Mapping[str, Any], folder: Path) -> JobSpec:
    limits = value.get("limits") or {}
    memory = limits.get("memoryBytes")
    return JobSpec(
        job_id=value["jobId"],
        attempt=int(value.get("attempt", 1)),
        source_path=folder / value["recipe"]["sourcePath"],
        entry_point=value["recipe"]["entryPoint"],
        parameters=dict(value.get("parameters") or {}),
        memory_bytes=int(memory) if memory else None,
        threads=int(limits.get("threads") or 1),
        tasks=tuple(_task(task, folder) for task in value["tasks"]),
    )


def _task(value: Mapping[str, Any], folder: Path) -> TaskSpec:
    features = tuple(Feature.of(feature) for feature in value.get("features") or ())
    label = value.get("label")
    datasets = tuple(
        Dataset(
            name=dataset["name"],
            version=int(dataset["version"]),
            path=folder / dataset["path"],
            format=dataset["format"],
            digest=dataset["digest"],
            features=features,
            label=label,
        )
        for dataset in value["datasets"]
    )
    return TaskSpec(
        task_id=value["taskId"],
        tenant_id=value["tenantId"],
        model_name=value["modelName"],
        datasets=datasets,
        features=features,
        label=label,
        output_folder=folder / value["outputFolder"],
    )
