"""How the quickstart tells what it does: numbered steps with their seconds, and tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table

A = TypeVar("A")
B = TypeVar("B")

#: Requests in flight at once: enough to hide waiting, few enough for a laptop.
THREADS = 8


class Story:
    """Prints to standard output."""

    def __init__(self) -> None:
        console = Console()
        self._console = console if console.is_terminal else Console(width=150)
        self._steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step; its time is printed when it ends."""
        number = len(self._steps) + 1
        self._console.print(f"\n[bold cyan]{number}[/] [bold]{escape(title)}[/]")
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self._steps.append((title, seconds))
        self._console.print(f"  [dim]{seconds:.1f} s[/]")

    def say(self, text: str) -> None:
        """A line; may hold rich's markup."""
        self._console.print(f"  {text}")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Sequence[str] = ()) -> None:
        """A table; columns named in ``numbers`` are aligned right."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for heading in headings:
            table.add_column(heading, justify="right" if heading in numbers else "left")
        for row in rows:
            table.add_row(*["" if cell is None else str(cell) for cell in row])
        self._console.print(table)

    def summary(self) -> None:
        """All steps with their seconds."""
        self._console.print()
        rows = [(title, f"{seconds:.1f}") for title, seconds in self._steps]
        total = sum(seconds for _, seconds in self._steps)
        self.table(["Step", "Seconds"], [*rows, ("[bold]all[/]", f"[bold]{total:.1f}[/]")], ["Seconds"])


def together(work: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """The results of ``work`` on all items, in their order, a few at a time. The first failure is raised."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def outcome(word: str | None) -> str:
    """A status in its colour."""
    colour = {
        "succeeded": "green",
        "admitted": "green",
        "pass": "green",
        "live": "green",
        "inconclusive": "yellow",
        "held-back": "yellow",
    }.get(word or "", "red" if word else "dim")
    return f"[{colour}]{word or '-'}[/]"
