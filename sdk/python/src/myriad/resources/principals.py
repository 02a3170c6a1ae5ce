"""Users and service accounts, and what they may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class Binding:
    """One role in one tenant (or all, ``*``) and one environment (or all, ``*``)."""

    role: str
    tenant_id: str
    environment: str = "*"

    def body(self) -> dict[str, str]:
        """Its JSON form."""
        return {"role": self.role, "tenantId": self.tenant_id, "environment": self.environment}


@dataclass(frozen=True)
class Principal:
    """Who acts; ``kind`` is ``user`` or ``service-account``, ``status`` is ``active`` or ``disabled``."""

    principal_id: str
    kind: str
    name: str
    home_tenant_id: str
    status: str
    bindings: Sequence[Binding]
    created_at: datetime


@dataclass(frozen=True)
class Me(Principal):
    """The caller, with its permissions in the acting tenant and environment."""

    acting_tenant_id: str = ""
    permissions: Sequence[str] = ()


@dataclass(frozen=True)
class Role:
    """A built-in role."""

    role: str
    permissions: Sequence[str]


@dataclass(frozen=True)
class _Roles:
    items: Sequence[Role]


class Principals(Resource):
    """Principals of the acting tenant."""

    def create(self, name: str, bindings: Sequence[Binding] = (), kind: str = "service-account") -> Principal:
        """Makes a principal whose home is the acting tenant. Nobody gives a role that they do not hold themselves."""
        body = {"kind": kind, "name": name, "bindings": [binding.body() for binding in bindings]}
        return self._send(Principal, "POST", "/v1/principals", body)

    def list(self, name: str | None = None) -> Iterator[Principal]:
        """Principals whose home is the acting tenant; with ``name``, those of exactly that name."""
        return self._pages(Principal, "/v1/principals", name=name)

    def get(self, principal_id: str) -> Principal:
        """One principal."""
        return self._get(Principal, f"/v1/principals/{part(principal_id)}")

    def me(self) -> Me:
        """Who the key belongs to."""
        return self._get(Me, "/v1/principals/me")

    def update(self, principal_id: str, *, name: str | None = None, status: str | None = None) -> Principal:
        """Renames, disables (``status='disabled'``) or enables."""
        body = given(name=name, status=status)
        return self._send(Principal, "PATCH", f"/v1/principals/{part(principal_id)}", body)

    def set_bindings(self, principal_id: str, bindings: Sequence[Binding]) -> Principal:
        """Replaces all role bindings."""
        body = {"bindings": [binding.body() for binding in bindings]}
        return self._send(Principal, "PUT", f"/v1/principals/{part(principal_id)}/bindings", body)

    def roles(self) -> Sequence[Role]:
        """The built-in roles and their permissions."""
        return self._get(_Roles, "/v1/roles").items
