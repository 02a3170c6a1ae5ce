"""Login without a browser of its own: the OAuth 2.0 device authorization grant (RFC 8628) with an OpenID Connect provider."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from myriad.errors import MyriadError, MyriadUnavailable

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: RFC 8628, 3.2 and 3.5: pause between two questions when the provider says none, and what ``slow_down`` adds.
_INTERVAL_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 60.0

#: Shows the person where to go: the address, and the code to enter or compare there.
Show = Callable[[str, str], None]


class DeviceFlow:
    """Gets an ID token of ``issuer`` for the public client ``client_id``."""

    def __init__(
        self,
        http: httpx.Client,
        issuer: str,
        client_id: str,
        scope: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._client = {"client_id": client_id}
        self._scope = scope
        self._sleep = sleep
        self._now = now

    def run(self, show: Show) -> str:
        """Asks the person to log in and waits for it; returns the ID token. Raises ``MyriadError``."""
        metadata = self._discover()
        status, grant = self._post(metadata["device_authorization_endpoint"], {"scope": self._scope})
        if status != 200 or not all(isinstance(grant.get(name), str) for name in _GRANTED):
            raise MyriadError(f"the provider began no login: {_reason(grant)}")
        ends = self._now() + _seconds(grant.get("expires_in"), 600.0)
        show(_plain(grant.get("verification_uri_complete") or grant["verification_uri"]), _plain(grant["user_code"]))
        pause = _seconds(grant.get("interval"), _INTERVAL_SECONDS)
        return self._poll(metadata["token_endpoint"], grant["device_code"], pause, ends)

    def _poll(self, endpoint: str, device_code: str, pause: float, ends: float) -> str:
        while self._now() + pause < ends:
            self._sleep(pause)
            try:
                status, answer = self._post(endpoint, {"grant_type": _GRANT, "device_code": device_code})
            except MyriadUnavailable:  # RFC 8628, 3.5: ask less often
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            token = answer.get("id_token")
            if status == 200 and isinstance(token, str):
                return token
            reason = _reason(answer)
            if reason == "slow_down":
                pause += _INTERVAL_SECONDS
            elif reason == "access_denied":
                raise MyriadError("the login was refused at the provider")
            elif reason == "expired_token":
                break
            elif reason != "authorization_pending":
                raise MyriadError(f"the provider gave no ID token: {reason}")
        raise MyriadError("nobody logged in in time; run `myriad login` again")

    def _discover(self) -> Mapping[str, str]:
        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        _assert_trustworthy(url)
        try:
            metadata = self._http.get(url).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise MyriadUnavailable(f"{url}: {error}") from error
        if not isinstance(metadata, dict) or metadata.get("issuer") != self._issuer:
            raise MyriadError("the provider's discovery document names another issuer")
        if not isinstance(metadata.get("device_authorization_endpoint"), str):
            raise MyriadError("the provider has no device flow")
        for name in ("device_authorization_endpoint", "token_endpoint"):
            _assert_trustworthy(metadata[name])
        return metadata

    def _post(self, url: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        try:
            response = self._http.post(url, data={**self._client, **form})
        except httpx.TransportError as error:
            raise MyriadUnavailable(f"{url}: {error or type(error).__name__}") from error
        if response.status_code >= 500:
            raise MyriadUnavailable(f"{url}: HTTP {response.status_code}")
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        return response.status_code, answer if isinstance(answer, dict) else {}


_GRANTED = ("device_code", "user_code", "verification_uri")


def _assert_trustworthy(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise MyriadError(f"the provider's address {parts.scheme}://{parts.netloc} is not https")


def _seconds(value: Any, default: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return float(value) if is_number else default


def _reason(answer: Mapping[str, Any]) -> str:
    return _plain(answer.get("error") or "no reason given")


def _plain(value: Any) -> str:
    """What a terminal shows as it is: no control characters."""
    return "".join(char for char in str(value) if char.isprintable())[:2000]
