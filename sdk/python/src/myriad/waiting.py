"""Waits for something long-running by asking again, ever more slowly."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from myriad.errors import MyriadProblem, MyriadTimeout

T = TypeVar("T")


def wait_until(
    fetch: Callable[[], T],
    is_done: Callable[[T], bool],
    *,
    what: str,
    timeout_seconds: float,
    first_seconds: float = 0.1,
    longest_seconds: float = 1.0,
    on_state: Callable[[T], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Calls ``fetch`` until ``is_done`` accepts its result, and returns that.

    The pause grows by half each time, from ``first_seconds`` to ``longest_seconds``. ``on_state`` sees every result.
    Raises ``MyriadTimeout`` naming ``what`` when ``timeout_seconds`` have passed.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = first_seconds
    while True:
        state = fetch()
        if on_state is not None:
            on_state(state)
        if is_done(state):
            return state
        if time.monotonic() + pause > deadline:
            raise MyriadTimeout(f"{what} did not end within {timeout_seconds:g} s; it goes on")
        sleep(pause)
        pause = min(pause * 1.5, longest_seconds)


def once_known(
    call: Callable[[], T],
    codes: Collection[str],
    timeout_seconds: float = 15,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """The result of ``call``, which is made again while it is refused with one of the problem ``codes``.

    Services tell each other by events what was made, so a thing made a moment ago may be unknown to the next service
    for some tens of milliseconds. Raises the refusal itself when it lasts.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = 0.05
    while True:
        try:
            return call()
        except MyriadProblem as problem:
            if problem.code not in codes or time.monotonic() + pause > deadline:
                raise
        sleep(pause)
        pause = min(pause * 1.5, 1.0)
