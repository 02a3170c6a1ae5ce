"""Progress bars on a terminal; silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Says how far it is: done, total (0 = unknown), and a few words.
Report = Callable[[float, float, str], None]


def _silent(done: float, total: float, words: str) -> None:
    return None


@contextmanager
def progress_bar(title: str, *, is_bytes: bool = False, quiet: bool | None = None) -> Iterator[Report]:
    """A bar on standard error while the block runs. ``quiet`` defaults to "standard error is no terminal"."""
    if quiet is None:
        quiet = not sys.stderr.isatty()
    if quiet:
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn() if is_bytes else MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None, words="")

        def report(done: float, total: float, words: str) -> None:
            progress.update(task, completed=done, total=total or None, words=words)

        yield report
