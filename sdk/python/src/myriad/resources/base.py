"""What every group of operations shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from myriad.decode import decode
from myriad.transport import Repeat, Transport

T = TypeVar("T")


@dataclass(frozen=True)
class Condition:
    """One aspect of something long-running; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str
    message: str
    observed_generation: int
    last_transition_time: datetime


class Resource:
    """A group of operations on one noun. All of them raise ``MyriadProblem`` and ``MyriadUnavailable``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, kind: type[T], path: str, **params: Any) -> T:
        return decode(kind, self._transport.request("GET", path, params=params))

    def _send(self, kind: type[T], method: str, path: str, body: Any = None, *, repeat: Repeat = "keyed") -> T:
        return decode(kind, self._transport.request(method, path, body=body, repeat=repeat))

    def _pages(self, kind: type[T], path: str, limit: int | None = None, **params: Any) -> Iterator[T]:
        """Every item of a list, page after page; at most ``limit`` when given."""
        for value in paginate(self._transport, path, limit, **params):
            yield decode(kind, value)


def paginate(transport: Transport, path: str, limit: int | None = None, **params: Any) -> Iterator[Any]:
    """The items of a keyset-paged list as decoded JSON. Pages are asked for when they are needed."""
    page_size = params.pop("pageSize", None) or (min(limit, 500) if limit else 500)
    token: str | None = None
    given = 0
    while True:
        page = transport.request("GET", path, params={**params, "pageSize": page_size, "pageToken": token})
        for item in page["items"]:
            yield item
            given += 1
            if limit is not None and given >= limit:
                return
        token = page.get("nextPageToken")
        if not token:
            return


def part(text: str) -> str:
    """One segment of a path, escaped."""
    return quote(text, safe="")


def given(**members: Any) -> dict[str, Any]:
    """The members that are not ``None``: optional members of a body are left out, never sent as null."""
    return {name: value for name, value in members.items() if value is not None}
