"""Customers of the platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class RateLimit:
    """What the gateway lets through: requests a second, and how many at once."""

    requests_per_second: float
    burst: int

    def body(self) -> dict[str, float]:
        """Its JSON form."""
        return {"requestsPerSecond": self.requests_per_second, "burst": self.burst}


@dataclass(frozen=True)
class Tenant:
    """A customer; ``status`` is ``active`` or ``suspended``."""

    tenant_id: str
    display_name: str
    status: str
    rate_limit: RateLimit
    created_at: datetime


class Tenants(Resource):
    """Making and changing tenants needs the acting tenant ``platform``."""

    def create(self, tenant_id: str, display_name: str, rate_limit: RateLimit | None = None) -> Tenant:
        """Makes a tenant. Problem ``auth.tenant_exists`` when there is one of that id."""
        body = given(tenantId=tenant_id, displayName=display_name, rateLimit=rate_limit.body() if rate_limit else None)
        return self._send(Tenant, "POST", "/v1/tenants", body)

    def list(self) -> Iterator[Tenant]:
        """The acting tenant; the platform sees all."""
        return self._pages(Tenant, "/v1/tenants")

    def get(self, tenant_id: str) -> Tenant:
        """One tenant."""
        return self._get(Tenant, f"/v1/tenants/{part(tenant_id)}")

    def update(
        self,
        tenant_id: str,
        *,
        display_name: str | None = None,
        status: str | None = None,
        rate_limit: RateLimit | None = None,
    ) -> Tenant:
        """Renames, suspends (``status='suspended'``), reactivates, or sets the rate limit."""
        body = given(displayName=display_name, status=status, rateLimit=rate_limit.body() if rate_limit else None)
        return self._send(Tenant, "PATCH", f"/v1/tenants/{part(tenant_id)}", body)
