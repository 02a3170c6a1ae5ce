"""Bytes to and from the object store, by presigned URLs; never through the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from myriad.digest import file_chunks
from myriad.errors import MyriadProblem, MyriadUnavailable
from myriad.transport import RetryPolicy


@dataclass(frozen=True)
class Presigned:
    """A URL that allows one transfer until ``expires_at``, with the headers to send along."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class ObjectTransfer:
    """Uploads and downloads; holds no credentials, for the URLs carry them."""

    http: httpx.Client
    retry: RetryPolicy
    sleep: Callable[[float], None]

    def upload(self, target: Presigned, path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> None:
        """Streams a file, 1 MiB in memory at a time. ``on_bytes`` is told the size of every piece that went out."""
        size = path.stat().st_size
        headers = {name.lower(): value for name, value in target.headers.items()} | {"content-length": str(size)}

        def content() -> Iterator[bytes]:
            for chunk in file_chunks(path):
                yield chunk
                on_bytes(len(chunk))

        self._send(target.method, target.url, headers, content)

    def upload_bytes(self, target: Presigned, content: bytes) -> None:
        """Uploads what is in memory already."""
        self._send(target.method, target.url, dict(target.headers), lambda: content)

    def download(self, url: str, path: Path, headers: Mapping[str, str] | None = None) -> int:
        """Streams an object into a file, and returns its size in bytes; a file that failed half way is removed."""
        partial = path.with_name(path.name + ".partial")
        size = 0
        try:
            with self.http.stream("GET", url, headers=dict(headers or {})) as response:
                _refuse(response)
                with partial.open("wb") as file:
                    for chunk in response.iter_bytes():
                        size += file.write(chunk)
            partial.replace(path)
        except httpx.TransportError as error:
            raise MyriadUnavailable(f"download: {error}") from error
        finally:
            partial.unlink(missing_ok=True)
        return size

    def download_bytes(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        """An object's whole content; for small ones."""
        return self._send("GET", url, dict(headers or {}), lambda: None).content

    def _send(
        self, method: str, url: str, headers: dict[str, str], content: Callable[[], bytes | Iterator[bytes] | None]
    ) -> httpx.Response:
        for attempt in range(1, self.retry.attempts + 1):
            is_last = attempt == self.retry.attempts
            try:
                response = self.http.request(method, url, headers=headers, content=content())
            except httpx.TransportError as error:
                if is_last:
                    raise MyriadUnavailable(f"{method} to the object store: {error or type(error).__name__}") from error
                self.sleep(self.retry.wait_seconds(attempt, None))
                continue
            if is_last or response.status_code not in (429, 500, 502, 503, 504):
                _refuse(response)
                return response
            self.sleep(self.retry.wait_seconds(attempt, response.headers.get("retry-after")))
        raise AssertionError("unreachable")


def _refuse(response: httpx.Response) -> None:
    if response.status_code < 400:
        return
    response.read()
    try:
        body = response.json()
    except ValueError:
        body = response.text
    raise MyriadProblem.of(response.status_code, body)
