"""One HTTP exchange with the gateway: headers, retries, problems."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import httpx

from myriad.errors import MyriadProblem, MyriadUnavailable

#: What a lost connection does to a POST: ``keyed`` sends it again with the same ``Idempotency-Key``; ``free`` sends it
#: again just so, for it changes nothing; ``once`` sends it again only when it surely was not done.
Repeat = Literal["keyed", "free", "once"]

#: Refusals that say "not done, try again"; 409 only with this code.
_RETRYABLE_STATUS = frozenset({429, 503})
_IN_PROGRESS = "http.idempotency_in_progress"
_SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE", "PATCH"})


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long apart a request is tried.

    ``attempts`` ≥ 1 in all; the wait before attempt *n* is drawn from 0 to ``base_seconds``·2^(n−1), at most
    ``longest_seconds``; a ``Retry-After`` header is obeyed instead, up to ``longest_retry_after_seconds``.
    """

    attempts: int = 5
    base_seconds: float = 0.2
    longest_seconds: float = 5.0
    longest_retry_after_seconds: float = 30.0

    def wait_seconds(self, attempt: int, retry_after: str | None) -> float:
        """Seconds to wait after the failed attempt number ``attempt`` (from 1)."""
        try:
            if retry_after is not None:
                return min(max(float(retry_after), 0.0), self.longest_retry_after_seconds)
        except ValueError:
            pass
        return random.uniform(0, min(self.base_seconds * 2 ** (attempt - 1), self.longest_seconds))


@dataclass(frozen=True)
class Transport:
    """Sends requests as one principal in one tenant and environment. Safe to use from many threads."""

    http: httpx.Client
    url: str
    #: A key or token, or what gives the token of now.
    api_key: str | Callable[[], str]
    tenant: str | None = None
    environment: str | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    sleep: Callable[[float], None] = time.sleep
    #: Of one request; ``None`` = the connection's own.
    timeout_seconds: float | None = None

    def acting_in(self, tenant: str | None, environment: str | None) -> Transport:
        """The same connection, acting in another tenant or environment; ``None`` keeps what is set."""
        return replace(self, tenant=tenant or self.tenant, environment=environment or self.environment)

    def giving_up_after(self, timeout_seconds: float) -> Transport:
        """The same connection, for who would rather hear that nobody answers than wait."""
        return replace(self, retry=RetryPolicy(attempts=1), timeout_seconds=timeout_seconds)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: Repeat = "keyed",
    ) -> Any:
        """Sends and returns the decoded JSON answer, ``None`` for an empty one.

        Raises ``MyriadProblem`` and ``MyriadUnavailable``. ``repeat`` matters for POST; other methods may always be
        sent again.
        """
        headers = {}
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
        if method == "POST" and repeat == "keyed":
            headers["idempotency-key"] = uuid.uuid4().hex
        is_repeatable = method in _SAFE_TO_REPEAT or repeat != "once"
        return self._attempts(method, path, _query(params), content, headers, is_repeatable)

    @contextmanager
    def events(self, path: str, last_event_id: str | None = None) -> Iterator[Iterator[str]]:
        """Opens a server-sent event stream; gives its lines. Read without time limit."""
        headers = {"accept": "text/event-stream"}
        if last_event_id is not None:
            headers["last-event-id"] = last_event_id
        timeout = httpx.Timeout(10.0, read=None)
        try:
            with self.http.stream("GET", self.url + path, headers=self._headers(headers), timeout=timeout) as response:
                if response.status_code >= 400:
                    response.read()
                    _answer(response)
                yield response.iter_lines()
        except httpx.TransportError as error:
            raise MyriadUnavailable(f"GET {path}: {error}") from error

    def _attempts(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        content: bytes | None,
        headers: Mapping[str, str],
        is_repeatable: bool,
    ) -> Any:
        for attempt in range(1, self.retry.attempts + 1):
            is_last = attempt == self.retry.attempts
            try:
                response = self.http.request(
                    method,
                    self.url + path,
                    params=params,
                    content=content,
                    headers=self._headers(headers),
                    timeout=httpx.USE_CLIENT_DEFAULT if self.timeout_seconds is None else self.timeout_seconds,
                )
            except httpx.TransportError as error:
                if is_last or not (is_repeatable or isinstance(error, httpx.ConnectError)):
                    raise MyriadUnavailable(f"{method} {self.url}{path}: {error or type(error).__name__}") from error
                self.sleep(self.retry.wait_seconds(attempt, None))
                continue
            if is_last or not _is_retryable(response):
                return _answer(response)
            self.sleep(self.retry.wait_seconds(attempt, response.headers.get("retry-after")))
        raise AssertionError("unreachable")

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        credential = self.api_key() if callable(self.api_key) else self.api_key
        headers = {"authorization": f"Bearer {credential}", **more}
        if self.tenant:
            headers["x-myriad-tenant"] = self.tenant
        if self.environment:
            headers["x-myriad-environment"] = self.environment
        return headers


def _query(params: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (params or {}).items() if value is not None}


def _is_retryable(response: httpx.Response) -> bool:
    if response.status_code in _RETRYABLE_STATUS:
        return True
    return response.status_code == 409 and _decoded(response).get("code") == _IN_PROGRESS


def _decoded(response: httpx.Response) -> Any:
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _answer(response: httpx.Response) -> Any:
    if response.status_code >= 400:
        raise MyriadProblem.of(
            response.status_code, _decoded(response) or response.text, response.headers.get("x-request-id")
        )
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise MyriadProblem(
            response.status_code, "client.not_json", f"the answer is no JSON: {response.text[:200]}"
        ) from error
