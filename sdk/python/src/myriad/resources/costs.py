"""The cost ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource


@dataclass(frozen=True)
class Cost:
    """What a tenant used; ``cost_micros`` are millionths of the ledger's currency unit."""

    tenant_id: str
    predictions: int
    prediction_rows: int
    batch_rows: int
    training_cpu_seconds: float
    model_hours: float
    cost_micros: float


class Costs(Resource):
    """The acting tenant's; the platform sees all tenants."""

    def list(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Cost]:
        """One entry a tenant, over the time from ``since`` to ``until``."""
        return self._pages(Cost, "/v1/costs", None, **{"from": _text(since), "to": _text(until)})


def _text(time: datetime | None) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None
