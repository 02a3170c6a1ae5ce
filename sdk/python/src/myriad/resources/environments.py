"""Environments, their pools, and what is placed where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Condition, Resource, part


@dataclass(frozen=True)
class Environment:
    """``research``, ``applied-science``, ``engineering`` or ``production``, each on its own cluster."""

    name: str
    cluster: str
    requires_approval: bool
    pools: Sequence[str]


@dataclass(frozen=True)
class Replica:
    """One serving process."""

    replica_id: str
    url: str


@dataclass(frozen=True)
class Pool:
    """Replicas for one model family and size; ``status`` is ``idle``, ``starting``, ``ready`` or ``failed``."""

    environment: str
    pool: str
    family: str
    size_class: str
    status: str
    replicas: Sequence[Replica]
    placements: int
    conditions: Sequence[Condition] = ()


@dataclass(frozen=True)
class Placement:
    """Which version of a model an environment serves; ``status`` is ``active`` or ``removed``."""

    tenant_id: str
    environment: str
    model_name: str
    version: int
    pool: str
    generation: int
    status: str
    rollout_id: str
    changed_at: datetime


class Environments(Resource):
    """The platform's environments."""

    def list(self) -> Iterator[Environment]:
        """All of them with their pools."""
        return self._pages(Environment, "/v1/environments")

    def get(self, name: str) -> Environment:
        """One environment."""
        return self._get(Environment, f"/v1/environments/{part(name)}")

    def pools(self, environment: str | None = None) -> Iterator[Pool]:
        """Pools, of all environments or of one."""
        return self._pages(Pool, "/v1/pools", environment=environment)


class Placements(Resource):
    """What the acting tenant has where; the platform sees all tenants."""

    def list(self, environment: str | None = None, model_name: str | None = None) -> Iterator[Placement]:
        """All placements, or those of an environment or a model."""
        return self._pages(Placement, "/v1/placements", environment=environment, modelName=model_name)
