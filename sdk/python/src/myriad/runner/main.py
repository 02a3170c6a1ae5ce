"""Runs a job's tasks one after the other and reports each on its own."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from myriad.runner.limits import (
    end_with_parent,
    limit_memory,
    limit_threads,
    seed_everything,
    stop_on_sigterm,
)
from myriad.runner.protocol import Protocol
from myriad.runner.recipe import RecipeError, load_entry_point
from myriad.runner.spec import JobSpec, SpecError, TaskSpec
from myriad.training.result import Inconclusive, TrainingResult
from myriad.training.task import TrainingTask

EXIT_USAGE = 64
EXIT_BAD_SPEC = 78
#: Longest reason of a failed task, characters; the whole trace is in the log.
MAX_REASON = 400


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 when every task has a result, 64 or 78 when there was no job to run."""
    if len(arguments) != 1:
        print("usage: python -m myriad.runner SPEC.json", file=sys.stderr)
        return EXIT_USAGE
    end_with_parent()
    protocol = Protocol()
    try:
        job = JobSpec.read(Path(arguments[0]))
    except SpecError as error:
        protocol.log("error", str(error))
        return EXIT_BAD_SPEC
    unfinished = {task.task_id: task.tenant_id for task in job.tasks}
    stop_on_sigterm(protocol, unfinished)
    limit_threads(job.threads)
    warning = limit_memory(job.memory_bytes)
    if warning:
        protocol.log("warning", warning)
    entry = _load(job, protocol)
    for task in job.tasks:
        if entry is None or isinstance(entry, str):
            protocol.task(**_result(task, "failed", entry or "", started=None))
        else:
            _run(job, task, entry, protocol)
        del unfinished[task.task_id]
    protocol.begin(None)
    protocol.done()
    return 0


def _load(job: JobSpec, protocol: Protocol) -> Callable[..., Any] | str:
    """The recipe's entry point, or the reason why there is none."""
    try:
        return load_entry_point(job.source_path, job.entry_point)
    except MemoryError:
        return _out_of_memory(job)
    except RecipeError as error:
        if error.__cause__ is not None:
            protocol.log("error", _trace(error.__cause__))
        return str(error)[:MAX_REASON]


def _run(job: JobSpec, task: TaskSpec, entry: Callable[..., Any], protocol: Protocol) -> None:
    protocol.begin(task.task_id)
    started = time.perf_counter()
    try:
        seed = int(job.parameters.get("seed") or 0)
        seed_everything(seed)
        task.output_folder.mkdir(parents=True, exist_ok=True)
        line = _keep(task, entry(_training_task(job, task, seed, protocol)), started)
    except MemoryError:
        line = _result(task, "failed", _out_of_memory(job), started)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        protocol.log("error", _trace(error))
        line = _result(task, "failed", _reason(error), started)
    protocol.task(**line)


def _training_task(job: JobSpec, task: TaskSpec, seed: int, protocol: Protocol) -> TrainingTask:
    return TrainingTask(
        task_id=task.task_id,
        tenant_id=task.tenant_id,
        model_name=task.model_name,
        datasets=task.datasets,
        features=task.features,
        label=task.label,
        parameters=dict(job.parameters),
        output_folder=task.output_folder,
        seed=seed,
        on_log=protocol.log,
        on_metric=protocol.metric,
    )


def _keep(task: TaskSpec, result: object, started: float) -> dict[str, Any]:
    """Writes what the recipe returned into the task's folder and says where."""
    if isinstance(result, Inconclusive):
        return _result(task, "inconclusive", result.reason[:MAX_REASON], started)
    if not isinstance(result, TrainingResult):
        raise TypeError(f"the recipe returned {type(result).__name__}; allowed: TrainingResult or Inconclusive")
    artifact = task.output_folder / "model.onnx"
    artifact.write_bytes(result.onnx_bytes())
    parity = task.output_folder / "parity.json"
    has_parity = result.write_parity(parity)
    return {
        **_result(task, "succeeded", "", started),
        "artifactPath": str(artifact),
        "parityPath": str(parity) if has_parity else None,
        "metrics": result.finite_metrics(),
    }


def _result(task: TaskSpec, outcome: str, reason: str, started: float | None) -> dict[str, Any]:
    return {
        "taskId": task.task_id,
        "outcome": outcome,
        "reason": reason,
        "artifactPath": None,
        "parityPath": None,
        "metrics": {},
        "durationMs": 0 if started is None else round((time.perf_counter() - started) * 1e3, 3),
    }


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:MAX_REASON] if text else type(error).__name__


def _out_of_memory(job: JobSpec) -> str:
    return f"out of memory: the job's limit is {job.memory_bytes} bytes"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-20)).rstrip()
