"""Looks at a mesh through the gateway: twice, so that what grows is seen to grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from myriad.errors import MyriadError, MyriadProblem, MyriadUnavailable
from myriad.resources.environments import Pool
from myriad.resources.keys import Key
from myriad.resources.operations import SERVICES, DeadLetter, GatewayOperations, ServiceOperations
from myriad.resources.rollouts import Rollout

if TYPE_CHECKING:
    from myriad.client import Client

T = TypeVar("T")
_MOST_LETTERS = 50
#: How the gateway's words begin when a service did not answer at all: it need not be asked again.
_NO_ANSWER = ("unreachable", "timeout", "broken")


@dataclass(frozen=True)
class Look:
    """One service at two moments; ``error`` says why it did not answer."""

    first: ServiceOperations | None = None
    second: ServiceOperations | None = None
    error: str = ""


@dataclass(frozen=True)
class Observation:
    """What was seen."""

    gateway: GatewayOperations
    #: Seconds that the gateway's clock is ahead of this one; half of the request's time is its error.
    clock_ahead: float
    clock_error: float
    services: Mapping[str, Look]
    letters: Mapping[str, Sequence[DeadLetter]] = field(default_factory=dict)
    pools: Sequence[Pool] = ()
    rollouts: Sequence[Rollout] = ()
    keys: Sequence[Key] = ()


def observe(client: Client, pause_seconds: float = 2, sleep: Callable[[float], None] = time.sleep) -> Observation:
    """Looks, waits, and looks again. Raises what the gateway itself answers; a service that does not is noted."""
    before = datetime.now(timezone.utc)
    gateway = client.operations.gateway()
    after = datetime.now(timezone.utc)
    silent = {seen.service: seen.reason for seen in gateway.services if seen.reason.startswith(_NO_ANSWER)}

    def look(name: str) -> ServiceOperations | str:
        return silent.get(name) or _look(client, name)

    with ThreadPoolExecutor(max_workers=len(SERVICES)) as threads:
        firsts = dict(zip(SERVICES, threads.map(look, SERVICES)))
        sleep(pause_seconds)
        seconds = dict(zip(SERVICES, threads.map(look, SERVICES)))
    services = {name: _both(firsts[name], seconds[name]) for name in SERVICES}
    letters = {
        name: _or(lambda name=name: list(client.operations.dead_letters(name, _MOST_LETTERS)), [])  # type: ignore[misc]
        for name, look in services.items()
        if look.second is not None and look.second.dead_letters
    }
    return Observation(
        gateway=gateway,
        clock_ahead=(gateway.now - (before + (after - before) / 2)).total_seconds(),
        clock_error=(after - before).total_seconds() / 2,
        services=services,
        letters=letters,
        pools=_or(lambda: list(client.environments.pools()), []),
        rollouts=_or(lambda: list(client.rollouts.list(status="progressing", limit=500)), []),
        keys=_or(lambda: list(client.keys.list()), []),
    )


def _look(client: Client, service: str) -> ServiceOperations | str:
    try:
        return client.operations.service(service)
    except (MyriadProblem, MyriadUnavailable) as error:
        return str(error)


def _both(first: ServiceOperations | str, second: ServiceOperations | str) -> Look:
    return Look(
        first=None if isinstance(first, str) else first,
        second=None if isinstance(second, str) else second,
        error=second if isinstance(second, str) else "",
    )


def _or(ask: Callable[[], T], otherwise: T) -> T:
    """What can't be asked for now (its service is away, which is a finding of its own) is left out."""
    try:
        return ask()
    except MyriadError:
        return otherwise
