"""How and where versions are served, for those who ask why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Load:
    """One load of a version. ``from_`` is ``disk`` or ``store``; ``reason`` says why it failed and is empty when it did not."""

    started_at: datetime
    took_ms: float
    from_: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """A version that could not be loaded, and is not tried again before ``retry_at``."""

    version: int
    reason: str
    retry_at: datetime


@dataclass(frozen=True)
class Eviction:
    """When and why a version left memory last, after how many uses."""

    at: datetime
    uses: int
    reason: str


@dataclass(frozen=True)
class Split:
    """A version in two objects: the graph, which models of equal shape share, and what was learned. Sizes in bytes."""

    skeleton_digest: str
    skeleton_bytes: int
    weights_digest: str
    weights_bytes: int


@dataclass(frozen=True)
class Serving:
    """How a version's graph is run, as admission chose: ``way`` is ``kernel`` (own code over its weights), ``inputs`` (ONNX Runtime,
    weights fed) or ``whole`` (ONNX Runtime on the file); ``micros`` of one row; memory in bytes."""

    way: str
    micros: float | None
    memory_bytes: int
    split: Split | None


@dataclass(frozen=True)
class Counts:
    """What a version did on one replica since it was placed; ``infer_micros`` is the time in the model of all requests."""

    version: int
    requests: int
    failures: int
    infer_micros: float


@dataclass(frozen=True)
class Comparison:
    """What came of a shadow: requests compared, with another answer, failed, and left out; microseconds in the model of all."""

    compared: int
    different: int
    failed: int
    skipped: int
    max_difference: float | None
    served_micros: float
    candidate_micros: float


@dataclass(frozen=True)
class TrialExplanation:
    """What came of trying a version beside the one that answers, on one replica."""

    mode: str
    percent: float
    is_in_memory: bool
    served: Counts
    tried: Counts
    comparison: Comparison


@dataclass(frozen=True)
class ServingExplanation:
    """Where one replica has a version, and why. ``place`` is ``memory``, ``loading``, ``disk`` or ``store``; memory in bytes; ``runtime``
    is what runs it: ``inline``, ``workers`` or ``remote``."""

    model: str
    version: int
    version_id: str
    environment: str
    pool: str
    replica_id: str
    rollout_id: str
    generation: int
    place: str
    reason: str
    memory_bytes: int
    tenant_memory_bytes: int
    uses: int
    pending_version: int | None
    refusal: Refusal | None
    loads: Sequence[Load]
    eviction: Eviction | None
    runtime: str = "inline"
    serving: Serving | None = None
    trial: TrialExplanation | None = None
