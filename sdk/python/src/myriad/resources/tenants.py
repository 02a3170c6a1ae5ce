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


@dataclass(frozen=True)
class KeyRotation:
    """A new version of a tenant's key was asked for."""

    tenant_id: str
    requested_at: datetime


@dataclass(frozen=True)
class DestroyedKeys:
    """A tenant's key that is no more; until ``final_at`` an administrator of the key service can bring it back."""

    versions: int
    destroyed_at: datetime
    final_at: datetime


@dataclass(frozen=True)
class PurgeReceipt:
    """What a purge destroyed; ``keys`` is ``None`` where bytes were not encrypted."""

    keys: DestroyedKeys | None
    objects: int
    size_bytes: int
    completed_at: datetime


@dataclass(frozen=True)
class TenantPurge:
    """A purge; ``status`` is ``requested``, ``purging`` or ``purged``."""

    tenant_id: str
    status: str
    requested_by: str
    requested_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    receipt: PurgeReceipt | None


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

    def rotate_key(self, tenant_id: str) -> KeyRotation:
        """Asks for a new version of the key that encrypts the tenant's bytes; what is there stays readable."""
        return self._send(KeyRotation, "POST", f"/v1/tenants/{part(tenant_id)}/keys/rotate")

    def purge(self, tenant_id: str, confirm: str) -> TenantPurge:
        """Asks for the end of a suspended tenant's data, for ever; another person confirms by the same call within 24 hours.

        ``confirm`` is the tenant's id once more. Problem ``auth.tenant_not_suspended`` while it is active.
        """
        return self._send(TenantPurge, "POST", f"/v1/tenants/{part(tenant_id)}/purge", {"confirm": confirm})

    def get_purge(self, tenant_id: str) -> TenantPurge:
        """How a purge stands, with its receipt. Problem ``auth.purge_not_found`` when nobody asked for one."""
        return self._get(TenantPurge, f"/v1/tenants/{part(tenant_id)}/purge")
