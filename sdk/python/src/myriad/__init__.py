"""Myriad's Python SDK: a client of the public gateway, helpers for recipe authors, and the job runner.

Importing this package costs next to nothing: the client, and with it ``httpx``, is loaded when it is first named.

>>> import myriad
>>> client = myriad.Client("http://127.0.0.1:8080", api_key="myr_…")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Client", "MyriadError", "MyriadProblem", "MyriadTimeout", "MyriadUnavailable", "__version__"]

if TYPE_CHECKING:
    from myriad.client import Client
    from myriad.errors import MyriadError, MyriadProblem, MyriadTimeout, MyriadUnavailable

_HOMES = {
    "Client": "myriad.client",
    "MyriadError": "myriad.errors",
    "MyriadProblem": "myriad.errors",
    "MyriadTimeout": "myriad.errors",
    "MyriadUnavailable": "myriad.errors",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'myriad' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
