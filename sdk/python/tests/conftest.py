"""Fixtures of all tests: a job in a folder of its own, run by the real runner in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fake_gateway import FakeGateway

from myriad import Client

FEATURES = [
    {"name": "hour", "kind": "numeric", "required": False},
    {"name": "origin", "kind": "categorical", "required": False},
]


@dataclass
class Finished:
    """What a runner's process left behind; ``lines`` are its standard output, each parsed as JSON."""

    code: int
    lines: list[dict[str, Any]]
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["t"] == kind]

    def result(self, task_id: str) -> dict[str, Any]:
        (line,) = [line for line in self.of("task") if line["taskId"] == task_id]
        return line

    def messages(self, task_id: str | None = None) -> list[str]:
        return [line["message"] for line in self.of("log") if task_id is None or line.get("taskId") == task_id]


class Job:
    """Writes a recipe and a ``spec.json`` into a folder and runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, source: str, task_ids: list[str], recipe_file: str = "recipe.py", **more: Any) -> Path:
        (self.folder / recipe_file).write_text(textwrap.dedent(source))
        (self.folder / "rows.csv").write_text("hour,origin,delayed\n5,JFK,0\n,,1\n17,NA,1\n")
        dataset = {"name": "rows", "version": 1, "path": "rows.csv", "format": "csv", "digest": "sha256:0"}
        spec = {
            "jobId": "job_1",
            "attempt": 1,
            "recipe": {"sourcePath": recipe_file, "entryPoint": "train"},
            "parameters": {},
            "limits": {},
            "tasks": [
                {
                    "taskId": task,
                    "tenantId": f"tenant-{task}",
                    "modelName": "delay",
                    "datasets": [dataset],
                    "features": FEATURES,
                    "label": "delayed",
                    "outputFolder": f"out/{task}",
                }
                for task in task_ids
            ],
            **more,
        }
        path = self.folder / "spec.json"
        path.write_text(json.dumps(spec))
        return path

    def start(self, spec: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "myriad.runner", str(spec)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, source: str, task_ids: list[str], **more: Any) -> Finished:
        return self.finish(self.start(self.write(source, task_ids, **more)))

    def finish(self, process: subprocess.Popen[str], already: str = "") -> Finished:
        stdout, stderr = process.communicate(timeout=60)
        lines = [json.loads(line) for line in (already + stdout).splitlines()]
        return Finished(process.returncode, lines, stderr)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()
    yield fake
    fake.close()


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[Client]:
    """A client of the fake gateway that notes how long it would sleep, in ``client.slept``, and does not."""
    made = Client(gateway.url, "myr_abcdefgh_secret")
    slept: list[float] = []
    made._use(replace(made._transport, sleep=slept.append))
    made.slept = slept  # type: ignore[attr-defined]
    with made:
        yield made
