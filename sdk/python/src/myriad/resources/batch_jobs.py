"""Predictions for whole files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from myriad.objects import ObjectTransfer
from myriad.progress import progress_bar
from myriad.resources.base import Resource, given, part
from myriad.transport import Transport
from myriad.waiting import wait_until

ENDED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class BatchDataset:
    """The version that is scored."""

    name: str
    version: int
    digest: str


@dataclass(frozen=True)
class BatchProgress:
    """Shards and rows so far."""

    shards: int
    shards_done: int
    rows: int
    row_errors: int


@dataclass(frozen=True)
class BatchFile:
    """A result; ``url`` is presigned and ends soon, so ask for the job again before a late download."""

    digest: str
    size_bytes: int
    url: str


@dataclass(frozen=True)
class BatchJob:
    """One file scored by one version, which was pinned when the job was made.

    ``output`` has the columns ``row`` (0-based input row) and the model's outputs, in input order; ``errors`` is a CSV
    of row, column, value, error.
    """

    batch_job_id: str
    model_name: str
    version: int
    environment: str
    dataset: BatchDataset
    output_format: str
    status: str
    reason: str
    progress: BatchProgress
    output: BatchFile | None
    errors: BatchFile | None
    created_by: str
    created_at: datetime
    ended_at: datetime | None = None


class BatchJobs(Resource):
    """Batch jobs of the acting tenant."""

    def __init__(self, transport: Transport, objects: ObjectTransfer) -> None:
        super().__init__(transport)
        self._objects = objects

    def create(
        self,
        model_name: str,
        dataset: str,
        *,
        dataset_version: int | None = None,
        environment: str | None = None,
        output_format: str = "csv",
        shard_rows: int | None = None,
    ) -> BatchJob:
        """Scores every row of a dataset (by default its newest version) with the version that is live.

        ``environment``: where, by default where this client acts.
        """
        body = given(
            modelName=model_name,
            dataset=given(name=dataset, version=dataset_version),
            outputFormat=output_format,
            shardRows=shard_rows,
        )
        acting = Resource(self._transport.acting_in(None, environment))
        return acting._send(BatchJob, "POST", "/v1/batch-jobs", body)

    def list(self, limit: int | None = None) -> Iterator[BatchJob]:
        """Newest first."""
        return self._pages(BatchJob, "/v1/batch-jobs", limit)

    def get(self, batch_job_id: str) -> BatchJob:
        """One job."""
        return self._get(BatchJob, f"/v1/batch-jobs/{part(batch_job_id)}")

    def cancel(self, batch_job_id: str) -> BatchJob:
        """Stops a job."""
        return self._send(BatchJob, "POST", f"/v1/batch-jobs/{part(batch_job_id)}/cancel")

    def wait(self, batch_job_id: str, timeout_seconds: float = 3600, quiet: bool | None = None) -> BatchJob:
        """Waits until the job ended; look at its ``status``."""
        with progress_bar(f"batch {batch_job_id}", quiet=quiet) as report:
            return wait_until(
                lambda: self.get(batch_job_id),
                lambda job: job.status in ENDED,
                what=f"batch job {batch_job_id}",
                timeout_seconds=timeout_seconds,
                on_state=lambda job: report(job.progress.shards_done, job.progress.shards, f"{job.progress.rows} rows"),
            )

    def download(self, file: BatchFile, path: str | Path) -> int:
        """Downloads a result into a file, and returns its size in bytes."""
        return self._objects.download(file.url, Path(path))

    def read(self, file: BatchFile) -> bytes:
        """A result's whole content; for small ones."""
        return self._objects.download_bytes(file.url)
