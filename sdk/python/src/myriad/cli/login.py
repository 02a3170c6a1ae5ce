"""``myriad login`` and ``myriad logout``: with a key, or by single sign-on with short-lived tokens that renew themselves."""

from __future__ import annotations

import getpass
import os
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import httpx

from myriad.cli.config import Config, config_path, load_config, save_config
from myriad.cli.device_flow import DeviceFlow
from myriad.cli.output import Output
from myriad.errors import MyriadError, MyriadProblem, MyriadUnavailable

#: A token is renewed when it lives for less than this.
_MARGIN_SECONDS = 60.0


def login_with_key(config: Config, output: Output) -> int:
    """Asks for a key, checks it, and stores it."""
    from myriad.client import DEFAULT_URL, Client

    url = config.url or DEFAULT_URL
    key = getpass.getpass(f"API key for {url}: ") if sys.stdin.isatty() else sys.stdin.readline()
    key = key.strip()
    if not key:
        raise MyriadError("no key was given")
    with Client(url, key, config.tenant, config.environment) as client:
        me = client.principals.me()
    path = save_config(Config(url, key, config.tenant, config.environment))
    output.line(f"{me.name} of tenant {me.home_tenant_id}; stored in {path}")
    return 0


def login_with_provider(config: Config, provider: str | None, output: Output) -> int:
    """Logs in at an OpenID Connect provider by the device flow, and stores what the platform gives for it."""
    from myriad.client import DEFAULT_URL

    url = (config.url or DEFAULT_URL).rstrip("/")
    with httpx.Client(timeout=15, follow_redirects=False) as http:
        chosen = _choose(http, url, provider)
        device = chosen["device"]
        if device is None:
            raise MyriadError(f"'{chosen['provider']}' has no client for command lines; log in with a key")
        flow = DeviceFlow(http, chosen["issuer"], device["clientId"], device["scope"])
        id_token = flow.run(lambda address, code: _show(output, address, code))
        body = {"provider": chosen["provider"], "idToken": id_token}
        login = _call(http, "POST", f"{url}/v1/login/oidc/exchange", body)
    path = save_config(_with_login(Config(url, None, config.tenant, config.environment), login))
    output.line(f"{login['principalId']} of tenant {login['tenantId']}; stored in {path}")
    return 0


def logout(output: Output) -> int:
    """Ends the login at the platform and forgets it, or the key, here."""
    stored = _stored()
    if stored.refresh_token and stored.url:
        with httpx.Client(timeout=15) as http:
            try:
                _call(http, "POST", f"{stored.url}/v1/login/logout", {"refreshToken": stored.refresh_token})
            except MyriadUnavailable as error:
                output.note(f"the login ends by itself at the platform, which does not answer: {error}")
    path = config_path()
    path.unlink(missing_ok=True)
    output.line(f"{path} is gone")
    return 0


class TokenSource:
    """Gives the access token of a stored login, renewed in time. One process at a time renews it, for all."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __call__(self) -> str:
        if _seconds_left(self._config) < _MARGIN_SECONDS:
            self._renew()
        return self._config.access_token or ""

    def _renew(self) -> None:
        with _exclusively():
            stored = _stored()
            if _seconds_left(stored) >= _MARGIN_SECONDS:  # another process was first
                self._config = stored
                return
            with httpx.Client(timeout=15) as http:
                try:
                    body = {"refreshToken": stored.refresh_token}
                    login = _call(http, "POST", f"{stored.url}/v1/login/refresh", body)
                except MyriadProblem as problem:
                    raise MyriadError(f"the login is over ({problem.code}); run `myriad login --sso`") from problem
            self._config = _with_login(stored, login)
            save_config(self._config)


def _with_login(config: Config, login: Mapping[str, Any]) -> Config:
    return replace(
        config,
        access_token=login["accessToken"],
        token_expires_at=login["expiresAt"],
        refresh_token=login.get("refreshToken") or config.refresh_token,
    )


def _seconds_left(config: Config) -> float:
    try:
        expires_at = datetime.fromisoformat((config.token_expires_at or "").replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (expires_at - datetime.now(timezone.utc)).total_seconds()


@contextmanager
def _exclusively() -> Iterator[None]:
    """Holds a lock beside the configuration; where the system has none, goes on without."""
    path = config_path().with_name("login.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except ImportError:
            pass
        yield


def _choose(http: httpx.Client, url: str, provider: str | None) -> Mapping[str, Any]:
    if provider is not None:
        found: Mapping[str, Any] = _call(http, "GET", f"{url}/v1/login/providers/{provider}")
        return found
    items = [item for item in _call(http, "GET", f"{url}/v1/login/providers")["items"] if item["device"] is not None]
    if len(items) == 1:
        return dict(items[0])
    names = ", ".join(item["provider"] for item in items) or "none is listed"
    raise MyriadError(f"say which provider by --provider: {names}")


def _call(http: httpx.Client, method: str, url: str, body: Any = None) -> Any:
    try:
        response = http.request(method, url, json=body) if body is not None else http.request(method, url)
    except httpx.TransportError as error:
        raise MyriadUnavailable(f"{method} {url}: {error or type(error).__name__}") from error
    try:
        answer = response.json() if response.content else None
    except ValueError:
        answer = None
    if response.status_code >= 400:
        raise MyriadProblem.of(response.status_code, answer or response.text, response.headers.get("x-request-id"))
    return answer


def _show(output: Output, address: str, code: str) -> None:
    output.note(f"Open {address}\nand confirm the code {code}")
    if sys.stderr.isatty():
        webbrowser.open(address)


def _stored() -> Config:
    """What the file holds, whatever variables say: tokens go back only to where they came from."""
    return load_config({name: value for name, value in os.environ.items() if name == "XDG_CONFIG_HOME"})
