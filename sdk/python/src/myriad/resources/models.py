"""Models, their immutable versions, and the aliases that point to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from myriad.digest import file_digest
from myriad.objects import ObjectTransfer, Presigned
from myriad.resources.base import Resource, given, part
from myriad.transport import Transport
from myriad.waiting import wait_until


@dataclass(frozen=True)
class Tensor:
    """One input or output; −1 in ``shape`` varies, the first dimension is the row."""

    name: str
    datatype: str
    shape: Sequence[int]


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives."""

    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


@dataclass(frozen=True)
class Reason:
    """Why admission refused a version or wants a person to look."""

    code: str
    detail: str


@dataclass(frozen=True)
class Parity:
    """Recorded rows replayed at admission, and the largest difference to what the trainer saw."""

    rows: int
    max_difference: float


@dataclass(frozen=True)
class Admission:
    """``status`` is ``pending``, ``admitted``, ``rejected`` or ``awaiting-review``."""

    status: str
    reasons: Sequence[Reason] = ()
    checked_at: datetime | None = None
    parity: Parity | None = None


@dataclass(frozen=True)
class Profile:
    """Measured at admission; latency is of one row, in microseconds."""

    parameter_count: int
    operators: Sequence[str]
    latency_micros_p50: float
    batch_invariant: bool


@dataclass(frozen=True)
class Lineage:
    """Where a version comes from; ids are ``None`` for a version that was uploaded."""

    run_id: str | None = None
    fleet_run_id: str | None = None
    dataset_digests: Sequence[str] = ()
    recipe_digest: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelVersion:
    """An immutable artifact with its signature, profile and lineage."""

    model_name: str
    version: int
    version_id: str
    application: str | None
    artifact_digest: str
    size_bytes: int
    admission: Admission
    signature: Signature | None
    family: str | None
    size_class: str | None
    profile: Profile | None
    lineage: Lineage
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True)
class Model:
    """A name for versions, with the version that each alias points to."""

    model_id: str
    name: str
    application: str | None
    latest_version: int | None
    aliases: Mapping[str, int]
    created_at: datetime


@dataclass(frozen=True)
class Alias:
    """A mutable name on a version."""

    model_name: str
    alias: str
    version: int
    moved_by: str
    moved_at: datetime
    reason: str


class Models(Resource):
    """Models of the acting tenant."""

    def __init__(self, transport: Transport, objects: ObjectTransfer) -> None:
        super().__init__(transport)
        self._objects = objects

    def list(self, application: str | None = None) -> Iterator[Model]:
        """All models, or those of one application."""
        return self._pages(Model, "/v1/models", application=application)

    def get(self, name: str) -> Model:
        """One model and its aliases."""
        return self._get(Model, f"/v1/models/{part(name)}")

    def versions(self, name: str, limit: int | None = None) -> Iterator[ModelVersion]:
        """Newest first."""
        return self._pages(ModelVersion, f"/v1/models/{part(name)}/versions", limit)

    def version(self, name: str, version: int) -> ModelVersion:
        """One version."""
        return self._get(ModelVersion, f"/v1/models/{part(name)}/versions/{version}")

    def register(
        self,
        name: str,
        onnx: str | Path,
        *,
        parity: str | Path | None = None,
        application: str | None = None,
    ) -> ModelVersion:
        """Uploads an ONNX file, and a file of recorded inputs and outputs, as the next version; admission follows."""
        body = given(
            artifactDigest=self._upload(name, Path(onnx)),
            parityDigest=self._upload(name, Path(parity)) if parity else None,
            application=application,
        )
        return self._send(ModelVersion, "POST", f"/v1/models/{part(name)}/versions", body)

    def wait_checked(self, name: str, version: int, timeout_seconds: float = 120) -> ModelVersion:
        """Waits until admission is through: admitted, rejected, or waiting for a person."""
        return wait_until(
            lambda: self.version(name, version),
            lambda found: found.admission.status != "pending",
            what=f"admission of {name} version {version}",
            timeout_seconds=timeout_seconds,
        )

    def aliases(self, name: str) -> Iterator[Alias]:
        """The aliases of a model."""
        return self._pages(Alias, f"/v1/models/{part(name)}/aliases")

    def move_alias(self, name: str, alias: str, version: int, reason: str) -> Alias:
        """Points an alias to an admitted version."""
        body = {"version": version, "reason": reason}
        return self._send(Alias, "PUT", f"/v1/models/{part(name)}/aliases/{part(alias)}", body)

    def alias_history(self, name: str, alias: str) -> Iterator[Alias]:
        """Where an alias pointed, newest first."""
        return self._pages(Alias, f"/v1/models/{part(name)}/aliases/{part(alias)}/history")

    def _upload(self, name: str, path: Path) -> str:
        digest = file_digest(path)
        body = {"digest": digest, "sizeBytes": path.stat().st_size}
        self._objects.upload(self._send(Presigned, "POST", f"/v1/models/{part(name)}/uploads", body), path)
        return digest
