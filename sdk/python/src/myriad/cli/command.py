"""How commands are declared."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from myriad.cli.output import Output

if TYPE_CHECKING:
    from myriad.client import Client

#: Does the work; returns the exit code, ``None`` for 0.
Action = Callable[["Client", argparse.Namespace, Output], "int | None"]


class Group:
    """Commands of one noun: ``myriad <noun> <verb>``."""

    def __init__(self, commands: Any, noun: str, summary: str) -> None:
        self._verbs = commands.add_parser(noun, help=summary, description=summary).add_subparsers(
            dest="verb", required=True, metavar="VERB"
        )

    def add(self, verb: str, action: Action, summary: str) -> argparse.ArgumentParser:
        """Adds a verb; its arguments are added to the parser that comes back."""
        return add_command(self._verbs, verb, action, summary)


def add_command(commands: Any, name: str, action: Action, summary: str) -> argparse.ArgumentParser:
    """Adds a command that does ``action``."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    # Accepted here too, without undoing what stands before the command.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    parser.add_argument("--tenant", default=argparse.SUPPRESS, help="act in this tenant instead of the key's own")
    parser.set_defaults(action=action)
    return parser


def key_values(items: list[str]) -> dict[str, Any]:
    """``["seed=7", "name=x"]`` → ``{"seed": 7, "name": "x"}``: values are JSON where they can be, else text."""
    import json

    found: dict[str, Any] = {}
    for item in items:
        name, sign, text = item.partition("=")
        if not sign or not name:
            raise argparse.ArgumentTypeError(f"'{item}' is not NAME=VALUE")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
