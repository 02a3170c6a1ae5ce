"""API keys and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class Key:
    """A key without its secret; ``scopes`` narrow it, none = all of its principal's permissions."""

    key_id: str
    prefix: str
    principal_id: str
    scopes: Sequence[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class NewKey(Key):
    """A key with its secret text, which is shown this once; it is left out of ``repr``."""

    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Token:
    """A short-lived token that stands for the caller."""

    access_token: str = field(repr=False)
    expires_at: datetime | None = None


class Keys(Resource):
    """Keys of principals of the acting tenant."""

    def create(self, principal_id: str, scopes: Sequence[str] = (), expires_at: datetime | None = None) -> NewKey:
        """Issues a key. The answer is the only time it is shown."""
        text = expires_at.isoformat().replace("+00:00", "Z") if expires_at else None
        body = given(principalId=principal_id, scopes=list(scopes), expiresAt=text)
        return self._send(NewKey, "POST", "/v1/keys", body, repeat="once")

    def list(self, prefix: str | None = None, principal_id: str | None = None) -> Iterator[Key]:
        """Keys whose prefix begins with ``prefix``, or all."""
        return self._pages(Key, "/v1/keys", prefix=prefix, principalId=principal_id)

    def revoke(self, key_id: str) -> Key:
        """Ends a key; it stops working everywhere within a second."""
        return self._send(Key, "DELETE", f"/v1/keys/{part(key_id)}")

    def token(self) -> Token:
        """A short-lived ES256 token for the caller."""
        return self._send(Token, "POST", "/v1/tokens", {}, repeat="once")
