"""Server-sent events (HTML standard, § 9.2): from lines to events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StreamEvent:
    """One event; ``data`` is decoded JSON, or the text itself when it is none."""

    event: str
    data: Any
    id: str | None = None


def parse_events(lines: Iterable[str]) -> Iterator[StreamEvent]:
    """Gives each event when its blank line is read; comments and an unfinished last event are dropped."""
    name, identity = "message", None
    data: list[str] = []
    for line in lines:
        if line == "":
            if data:
                yield StreamEvent(name, _value("\n".join(data)), identity)
            name, data = "message", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "data":
            data.append(value)
        elif key == "event":
            name = value
        elif key == "id":
            identity = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
