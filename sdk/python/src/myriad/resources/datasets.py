"""Datasets and their immutable versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from myriad.digest import file_digest
from myriad.errors import MyriadProblem
from myriad.objects import ObjectTransfer, Presigned
from myriad.progress import progress_bar
from myriad.resources.base import Resource, part
from myriad.transport import Transport


@dataclass(frozen=True)
class Column:
    """One column, measured over the whole version; ``distinct_count`` is approximate above 10,000."""

    name: str
    type: str
    null_count: int
    distinct_count: int = 0
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    standard_deviation: float | None = None


@dataclass(frozen=True)
class DatasetVersion:
    """An immutable file; ``format`` is ``csv`` or ``parquet``."""

    dataset_name: str
    version: int
    digest: str
    format: str
    size_bytes: int
    row_count: int
    columns: Sequence[Column]
    committed_by: str
    committed_at: datetime


@dataclass(frozen=True)
class Dataset:
    """A name for versions; ``classification`` is ``public``, ``internal``, ``confidential`` or ``restricted``."""

    dataset_id: str
    name: str
    description: str
    classification: str
    latest_version: int | None
    created_by: str
    created_at: datetime


class Datasets(Resource):
    """Datasets of the acting tenant."""

    def __init__(self, transport: Transport, objects: ObjectTransfer) -> None:
        super().__init__(transport)
        self._objects = objects

    def create(self, name: str, description: str = "", classification: str = "internal") -> Dataset:
        """Makes a dataset without versions. Problem ``registry.dataset_exists`` when there is one of that name."""
        body = {"name": name, "description": description, "classification": classification}
        return self._send(Dataset, "POST", "/v1/datasets", body)

    def list(self) -> Iterator[Dataset]:
        """All datasets."""
        return self._pages(Dataset, "/v1/datasets")

    def get(self, name: str) -> Dataset:
        """One dataset."""
        return self._get(Dataset, f"/v1/datasets/{part(name)}")

    def versions(self, name: str, limit: int | None = None) -> Iterator[DatasetVersion]:
        """Newest first."""
        return self._pages(DatasetVersion, f"/v1/datasets/{part(name)}/versions", limit)

    def version(self, name: str, version: int) -> DatasetVersion:
        """One version with its statistics."""
        return self._get(DatasetVersion, f"/v1/datasets/{part(name)}/versions/{version}")

    def upload(
        self,
        name: str,
        path: str | Path,
        *,
        format: str | None = None,
        description: str = "",
        classification: str = "internal",
        quiet: bool | None = None,
    ) -> DatasetVersion:
        """Uploads a file as the next version and makes the dataset when there is none.

        The file is read twice, a piece at a time: once for its digest, once to send it straight to the object store.
        Bytes that are the newest version already are not sent again; that version is returned. ``format`` defaults to
        ``parquet`` for files that end so, else ``csv``.
        """
        path = Path(path)
        kind = format or ("parquet" if path.suffix.lower() in (".parquet", ".pq") else "csv")
        digest, size = file_digest(path), path.stat().st_size
        known = self._newest_or_create(name, description, classification)
        if known is not None and known.digest == digest:
            return known
        body = {"digest": digest, "sizeBytes": size}
        target = self._send(Presigned, "POST", f"/v1/datasets/{part(name)}/uploads", body)
        with progress_bar(f"upload {name}", is_bytes=True, quiet=quiet) as report:
            sent = 0

            def on_bytes(count: int) -> None:
                nonlocal sent
                sent += count
                report(sent, size, "")

            self._objects.upload(target, path, on_bytes)
        return self.commit(name, digest, kind)

    def commit(self, name: str, digest: str, format: str) -> DatasetVersion:
        """Makes an uploaded file the next version; bytes that are a version already give that version."""
        body = {"digest": digest, "format": format}
        return self._send(DatasetVersion, "POST", f"/v1/datasets/{part(name)}/versions", body)

    def download(self, name: str, path: str | Path, version: int | None = None) -> int:
        """Downloads a version (default: the newest) into a file, and returns its size in bytes."""
        number = version or self.get(name).latest_version
        if number is None:
            raise MyriadProblem(404, "registry.dataset_version_not_found", f"dataset '{name}' has no version")
        source = self._get(Presigned, f"/v1/datasets/{part(name)}/versions/{number}/download")
        return self._objects.download(source.url, Path(path), source.headers)

    def _newest_or_create(self, name: str, description: str, classification: str) -> DatasetVersion | None:
        try:
            return next(self.versions(name, limit=1), None) if self.get(name).latest_version else None
        except MyriadProblem as problem:
            if problem.code != "registry.dataset_not_found":
                raise
        try:
            self.create(name, description, classification)
        except MyriadProblem as problem:
            if problem.code != "registry.dataset_exists":  # made by another caller just now
                raise
        return None
