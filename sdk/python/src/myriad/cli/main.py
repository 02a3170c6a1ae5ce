"""The ``myriad`` command: parses, runs, and says clearly what went wrong.

Exit codes: 0 done; 1 refused, or it ended badly; 2 wrong usage; 3 nobody answers; 4 it takes longer than waited for;
130 interrupted. ``doctor`` has its own: 0 healthy, 1 findings, 2 nobody answers.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from myriad import __version__
from myriad.cli.commands import data, evaluation, identity, operations, serving, training
from myriad.cli.config import Config, load_config
from myriad.cli.login import TokenSource, login_with_key, login_with_provider, logout
from myriad.cli.output import Output
from myriad.errors import MyriadError, MyriadProblem, MyriadTimeout, MyriadUnavailable

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_TIMEOUT = 4
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    parser = make_parser()
    parsed = parser.parse_args(arguments)
    output = Output(parsed.json)
    try:
        config = _effective(parsed)
        if parsed.command == "login":
            if parsed.sso or parsed.provider:
                return login_with_provider(config, parsed.provider, output)
            return login_with_key(config, output)
        if parsed.command == "logout":
            return logout(output)
        return _run(parsed, config, output)
    except argparse.ArgumentTypeError as error:
        return _fail(EXIT_USAGE, str(error))
    except MyriadProblem as problem:
        return _fail(EXIT_REFUSED, _words(problem))
    except MyriadUnavailable as error:
        return _fail(EXIT_UNAVAILABLE, f"nobody answers: {error}")
    except MyriadTimeout as error:
        return _fail(EXIT_TIMEOUT, str(error))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except (MyriadError, OSError, ValueError) as error:
        return _fail(EXIT_REFUSED, str(error))
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted; what was started goes on")


def make_parser() -> argparse.ArgumentParser:
    """The command's grammar."""
    parser = argparse.ArgumentParser(
        prog="myriad",
        description="Myriad: a model per customer. Finds the platform by MYRIAD_URL and MYRIAD_API_KEY, else by what "
        "`myriad login` stored.",
    )
    parser.add_argument("--url", help="the gateway, e.g. http://127.0.0.1:8080")
    parser.add_argument("--tenant", help="act in this tenant instead of the key's own")
    parser.add_argument("--environment", help="for predictions; default production")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--version", action="version", version=f"myriad {__version__}")
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    login = commands.add_parser(
        "login",
        help="Store the gateway's address and a key, or log in by single sign-on",
        description="Asks for a key (or reads it from standard input), checks it, and stores it in a file that only "
        "you can read. With --sso or --provider it logs you in at your organization's identity provider instead.",
    )
    login.add_argument("--sso", action="store_true", help="log in at the one provider that is listed")
    login.add_argument("--provider", help="log in at this provider")
    commands.add_parser("logout", help="End the login and forget it, or the key")
    for part in (identity, data, training, evaluation, serving, operations):
        part.register(commands)
    return parser


def _effective(parsed: argparse.Namespace) -> Config:
    stored = load_config()
    return Config(
        url=parsed.url or stored.url,
        api_key=stored.api_key,
        tenant=parsed.tenant or stored.tenant,
        environment=parsed.environment or stored.environment,
        access_token=stored.access_token,
        token_expires_at=stored.token_expires_at,
        refresh_token=stored.refresh_token,
    )


def _run(parsed: argparse.Namespace, config: Config, output: Output) -> int:
    from myriad.client import DEFAULT_URL, Client

    credential = config.api_key or (TokenSource(config) if config.refresh_token else None)
    if credential is None:
        raise MyriadError("no API key: run `myriad login`, or set MYRIAD_API_KEY")
    with Client(config.url or DEFAULT_URL, credential, config.tenant, config.environment) as client:
        code = int(parsed.action(client, parsed, output) or 0)
    sys.stdout.flush()
    return code


def _words(problem: MyriadProblem) -> str:
    """A refusal for people: what, where in the request, and how to find it in the logs."""
    lines = [f"{problem.code} (HTTP {problem.status}): {problem.detail}"]
    lines += [f"  {fault.pointer or '/'}: {fault.detail}" for fault in problem.errors]
    if problem.request_id:
        lines.append(f"  request {problem.request_id}")
    return "\n".join(lines)


def _fail(code: int, words: str) -> int:
    print(f"myriad: {words}", file=sys.stderr)
    return code
