"""What a diagnosis is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: ``subject`` is a service, a pool or the like; ``next`` is a command or a step to take."""

    severity: Severity
    code: str
    subject: str
    what: str
    next: str


@dataclass(frozen=True)
class Limits:
    """From when on something is a finding; seconds unless the name says otherwise."""

    lag_records: int = 100
    event_age: float = 60
    outbox_age: float = 10
    event_loop_delay: float = 0.25
    clock_skew: float = 2
    rollout_age: float = 300
    snapshot_overdue: float = 300
    key_expires: float = 14 * 86_400
