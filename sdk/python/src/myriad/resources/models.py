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
    description: str | None
    tags: Mapping[str, str]
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
    description: str | None
    latest_version: int | None
    aliases: Mapping[str, int]
    tags: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True)
class Alias:
    """A mutable name on a version."""

    model_name: str
    alias: str
    version: int
    moved_by: str
    moved_at: datetime
    reason: str


@dataclass(frozen=True)
class AliasMove:
    """One entry of an alias's history; ``version`` is ``None`` where it was removed."""

    model_name: str
    alias: str
    version: int | None
    moved_by: str
    moved_at: datetime
    reason: str


@dataclass(frozen=True)
class Count:
    """How many models there are of a value; ``None`` is no value."""

    value: str | None
    count: int


@dataclass(frozen=True)
class ModelCounts:
    """How many models a filter finds; ``by_status`` is of their newest versions."""

    total: int
    by_application: Sequence[Count]
    by_alias: Sequence[Count]
    by_status: Sequence[Count]


@dataclass(frozen=True)
class BulkResult:
    """What came of one item; ``problem`` is ``None`` where it was done."""

    name: str
    problem: Reason | None


@dataclass(frozen=True)
class BulkResults:
    """What came of a bulk call, item by item in the order of the request."""

    changed: int
    failed: int
    items: Sequence[BulkResult]


@dataclass(frozen=True)
class _Found:
    name: str
    model: Model | None


@dataclass(frozen=True)
class _AllFound:
    items: Sequence[_Found]


class Models(Resource):
    """Models of the acting tenant."""

    def __init__(self, transport: Transport, objects: ObjectTransfer) -> None:
        super().__init__(transport)
        self._objects = objects

    def list(
        self,
        application: str | None = None,
        *,
        filter: str | None = None,
        order_by: str | None = None,
        deleted: bool = False,
        limit: int | None = None,
    ) -> Iterator[Model]:
        """All models, or those that a filter finds: ``name LIKE 'churn-%' AND tags.team = 'ops'``.

        ``order_by`` is ``name``, ``createdAt`` or ``updatedAt``, with ``DESC`` for the other way; ``deleted`` lists the
        deleted ones instead.
        """
        query = given(application=application, filter=filter, orderBy=order_by, deleted="true" if deleted else None)
        return self._pages(Model, "/v1/models", limit, **query)

    def search_versions(
        self, filter: str | None = None, *, order_by: str | None = None, limit: int | None = None
    ) -> Iterator[ModelVersion]:
        """Versions of all models that a filter finds: ``status = 'admitted' AND family = 'tabular'``."""
        return self._pages(ModelVersion, "/v1/model-versions", limit, **given(filter=filter, orderBy=order_by))

    def counts(self, filter: str | None = None) -> ModelCounts:
        """How many models a filter finds, by application, alias and state of the newest version."""
        return self._get(ModelCounts, "/v1/model-counts", **given(filter=filter))

    def create(
        self,
        name: str,
        *,
        application: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Model:
        """A model without versions yet. One of a deleted name begins anew, but for the numbers of its versions."""
        body = given(name=name, application=application, description=description, tags=tags)
        return self._send(Model, "POST", "/v1/models", body)

    def get(self, name: str) -> Model:
        """One model and its aliases."""
        return self._get(Model, f"/v1/models/{part(name)}")

    def describe(self, name: str, description: str | None) -> Model:
        """Says in words what a model is for."""
        return self._send(Model, "PATCH", f"/v1/models/{part(name)}", {"description": description})

    def tag(self, name: str, tags: Mapping[str, str] | None = None, *, remove: Sequence[str] = ()) -> Model:
        """Sets and removes tags of a model, all or none; at most 100, values of up to 5,000 characters."""
        body = {"set": dict(tags or {}), "remove": [*remove]}
        return self._send(Model, "PATCH", f"/v1/models/{part(name)}/tags", body)

    def delete(self, name: str) -> None:
        """Deletes a model that no alias points into. ``restore`` brings it back; its name stays taken."""
        self._transport.request("DELETE", f"/v1/models/{part(name)}")

    def restore(self, name: str) -> Model:
        """Brings a deleted model back with all it had."""
        return self._send(Model, "POST", f"/v1/models/{part(name)}/restore")

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

    def describe_version(self, name: str, version: int, description: str | None) -> ModelVersion:
        """Says in words what a version is."""
        body = {"description": description}
        return self._send(ModelVersion, "PATCH", f"/v1/models/{part(name)}/versions/{version}", body)

    def tag_version(
        self, name: str, version: int, tags: Mapping[str, str] | None = None, *, remove: Sequence[str] = ()
    ) -> ModelVersion:
        """Sets and removes tags of a version, all or none."""
        body = {"set": dict(tags or {}), "remove": [*remove]}
        return self._send(ModelVersion, "PATCH", f"/v1/models/{part(name)}/versions/{version}/tags", body)

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

    def alias(self, name: str, alias: str, as_of: datetime | None = None) -> Alias:
        """Where an alias points, or pointed at a time (with its zone)."""
        query = given(asOf=as_of.isoformat() if as_of else None)
        return self._get(Alias, f"/v1/models/{part(name)}/aliases/{part(alias)}", **query)

    def remove_alias(self, name: str, alias: str, reason: str) -> None:
        """Removes an alias; its history stays."""
        params = {"reason": reason}
        self._transport.request("DELETE", f"/v1/models/{part(name)}/aliases/{part(alias)}", params=params)

    def move_alias(self, name: str, alias: str, version: int, reason: str) -> Alias:
        """Points an alias to an admitted version."""
        body = {"version": version, "reason": reason}
        return self._send(Alias, "PUT", f"/v1/models/{part(name)}/aliases/{part(alias)}", body)

    def alias_history(self, name: str, alias: str) -> Iterator[AliasMove]:
        """Where an alias pointed, newest first."""
        return self._pages(AliasMove, f"/v1/models/{part(name)}/aliases/{part(alias)}/history")

    def get_many(self, names: Sequence[str]) -> Mapping[str, Model]:
        """Of up to 10,000 models those that are there, by name."""
        found = self._send(_AllFound, "POST", "/v1/bulk/models/get", {"names": [*names]})
        return {item.name: item.model for item in found.items if item.model is not None}

    def tag_many(self, tags: Mapping[str, Mapping[str, str]], *, atomic: bool = True) -> BulkResults:
        """Sets tags of up to 10,000 models, by name: all or none, or each by itself."""
        items = [{"name": name, "set": dict(of_model)} for name, of_model in tags.items()]
        return self._send(BulkResults, "POST", "/v1/bulk/models/tags", {"items": items, "atomic": atomic})

    def move_aliases(
        self, alias: str, versions: Mapping[str, int | None], reason: str, *, atomic: bool = True
    ) -> BulkResults:
        """Points an alias of up to 10,000 models to a version each; ``None`` removes it."""
        items = [{"name": name, "alias": alias, "version": version} for name, version in versions.items()]
        body = {"items": items, "reason": reason, "atomic": atomic}
        return self._send(BulkResults, "POST", "/v1/bulk/models/aliases", body)

    def _upload(self, name: str, path: Path) -> str:
        digest = file_digest(path)
        body = {"digest": digest, "sizeBytes": path.stat().st_size}
        self._objects.upload(self._send(Presigned, "POST", f"/v1/models/{part(name)}/uploads", body), path)
        return digest
