"""What the command prints: tables for people, tab-separated lines for pipes, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from myriad.decode import encode

#: A column's heading and how to get its value of an item: an attribute's dotted name, or a function.
Columns = Mapping[str, str | Callable[[Any], Any]]


class Output:
    """Standard output; ``as_json`` prints JSON documents instead of tables."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str) -> None:
        """A line for people; left out when JSON is asked for."""
        if not self.as_json:
            print(text)

    def note(self, text: str) -> None:
        """A remark on standard error."""
        print(text, file=sys.stderr)

    def one(self, item: Any) -> None:
        """One object: its members line by line, or as JSON."""
        value = encode(item)
        if self.as_json or not isinstance(value, dict):
            _print_json(value)
            return
        width = max((len(name) for name in value), default=0)
        for name, member in value.items():
            is_nested = isinstance(member, (dict, list))
            print(f"{name:<{width}}  {json.dumps(member) if is_nested else _text(member)}")

    def table(self, items: Iterable[Any], columns: Columns, title: str = "") -> None:
        """Many objects: a table on a terminal, tab-separated lines else, or a JSON list."""
        if self.as_json:
            _print_json([encode(item) for item in items])
            return
        rows = [[_text(_value(item, source)) for source in columns.values()] for item in items]
        if not sys.stdout.isatty():
            for row in [[heading.lower() for heading in columns], *rows]:
                print("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(*columns, title=title or None, box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*[cell.replace("[", r"\[") for cell in row])
        Console().print(table)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _value(item: Any, source: str | Callable[[Any], Any]) -> Any:
    if callable(source):
        return source(item)
    for name in source.split("."):
        item = getattr(item, name) if item is not None else None
    return item


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return str(value)
