"""For operators: ``myriad doctor`` and ``myriad dead-letters``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group, add_command
from myriad.cli.output import Columns, Output
from myriad.errors import MyriadError, MyriadProblem, MyriadUnavailable
from myriad.resources.operations import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from myriad.client import Client
    from myriad.diagnosis.finding import Finding
    from myriad.resources.operations import DeadLetter

PLATFORM = "platform"
#: A service that takes longer to say how it is, is a finding itself.
PATIENCE_SECONDS = 6
EXIT_FINDINGS = 1
EXIT_UNREACHABLE = 2

LETTER: Columns = {
    "Service": "service",
    "Dead letter": "letter.dead_letter_id",
    "Tenant": "letter.tenant_id",
    "Event": "letter.event_type",
    "Code": "letter.code",
    "Reason": "letter.reason",
    "Attempts": "letter.attempts",
    "Failed": "letter.failed_at",
}


@dataclass(frozen=True)
class Letter:
    """A dead letter and whose it is."""

    service: str
    letter: DeadLetter


def register(commands: Any) -> None:
    """Adds ``doctor`` and ``dead-letters``."""
    doctor = add_command(
        commands, "doctor", run_doctor, "What is wrong with the mesh, and what to do; exits 0 healthy, 1 findings, 2 no answer"
    )
    doctor.add_argument("--pause", type=float, default=2.0, help="seconds between the two looks, default 2")
    letters = Group(commands, "dead-letters", "Events that a service could not handle")
    listing = letters.add("list", list_letters, "Oldest failure first, of one service or of all")
    listing.add_argument("service", nargs="?", choices=SERVICES)
    replay = letters.add("replay", replay_letters, "Give them to the service again")
    discard = letters.add("discard", discard_letters, "Put them away for good")
    discard.add_argument("--reason", required=True, help="why; kept in the service's log")
    for parser in (replay, discard):
        parser.add_argument("service", choices=SERVICES)
        parser.add_argument("dead_letter", nargs="*", help="ids; or --all")
        parser.add_argument("--all", action="store_true", help="every one that is there now")


def run_doctor(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Prints findings."""
    from myriad.diagnosis.diagnose import diagnose
    from myriad.diagnosis.observation import observe

    platform = client.acting_in(PLATFORM).giving_up_after(PATIENCE_SECONDS)
    try:
        findings = diagnose(observe(platform, arguments.pause))
    except MyriadUnavailable as error:
        output.note(f"myriad: nobody answers: {error}")
        return EXIT_UNREACHABLE
    except MyriadProblem as problem:
        # a gateway that refuses or has just started can't be looked through either
        output.note(f"myriad: the gateway does not let us look: {problem}")
        return EXIT_UNREACHABLE
    if output.as_json:
        output.one({"healthy": not findings, "findings": findings})
    else:
        _print(findings, output)
    return EXIT_FINDINGS if findings else 0


def _print(findings: list[Finding], output: Output) -> None:
    if not findings:
        output.line("healthy: every service and replica is ready, nothing is behind or stuck")
    for finding in findings:
        output.line(f"{finding.severity.upper():<8}  {finding.subject}: {finding.what}")
        output.line(f"          → {finding.next}")


def list_letters(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints dead letters."""
    platform = client.acting_in(PLATFORM)
    services = [arguments.service] if arguments.service else SERVICES

    def found() -> Iterator[Letter]:
        for service in services:
            for letter in platform.operations.dead_letters(service):
                yield Letter(service, letter)

    output.table(found(), LETTER)


def replay_letters(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Replays dead letters."""
    platform = client.acting_in(PLATFORM)
    for letter in _chosen(platform, arguments):
        output.one(platform.operations.replay(arguments.service, letter))


def discard_letters(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Discards dead letters."""
    platform = client.acting_in(PLATFORM)
    for letter in _chosen(platform, arguments):
        output.one(platform.operations.discard(arguments.service, letter, arguments.reason))


def _chosen(client: Client, arguments: argparse.Namespace) -> list[str]:
    if bool(arguments.dead_letter) == arguments.all:
        raise MyriadError("name dead letters, or give --all, and not both")
    if arguments.all:
        return [letter.dead_letter_id for letter in client.operations.dead_letters(arguments.service)]
    return list(arguments.dead_letter)
