"""A model per carrier, from real flights to live predictions, against a running platform.

    python quickstart.py --url http://127.0.0.1:8080 --key-file .myriad/…/admin.key

The key is an administrator's of the platform; it may also be in ``MYRIAD_API_KEY``. What the next run can use again
(the data, the keys that were made) is kept in ``--state``. Every run trains, proves and rolls out anew.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cast import PLATFORM, assemble_carriers, assemble_team, commit_datasets, obtain_grants
from data import write_carrier_files
from keyring import Keyring
from live import ask_each, score_months, show_costs, show_refusals, verify_audit
from proof import NAME, approve, describe_application, evaluate, roll_out, show_evidence, train
from story import Story

from myriad import Client, MyriadError


def main() -> int:
    """Runs all steps; 0 when every one did what it says."""
    arguments = _arguments()
    admin = Client(arguments.url, _admin_key(arguments.key_file))
    story = Story()
    try:
        tell(admin, Path(arguments.state), story, arguments.down)
    except (MyriadError, AssertionError) as error:
        print(f"\nquickstart: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    finally:
        admin.close()
    return 0


def tell(admin: Client, state: Path, story: Story, down: str | None = None) -> None:
    """The main job, step by step; `down` is the command that ends the platform, shown in the end."""
    keyring = Keyring(state / "keys.json")
    with story.step("Sixteen carriers become tenants, each with its own accounts and its own flights"):
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write_carrier_files, state / "flights")
            team = assemble_team(admin, keyring)
            files = writing.result()
        carriers = assemble_carriers(admin, keyring, files)
        committed = commit_datasets(carriers)
        rows = sum(count for _, _, _, count in committed)
        story.say(f"{len(carriers)} tenants, {len(committed)} datasets with {rows:,} flights")
        asked, active = obtain_grants(team, carriers)
        story.say(
            f"{asked} grants asked for by Dana and approved by each carrier's own steward, {active} active before"
        )

    with story.step("One fleet run trains a model for each, eight carriers in one process"):
        describe_application(team)
        run = train(team, carriers, story)

    with story.step("Every version is admitted and proven; a second person approves; the proven ones go live"):
        campaign = evaluate(team, run)
        show_evidence(team, run, campaign, carriers, story)
        approve(team, campaign, story)
        live = {member.tenant_id for member in roll_out(team, campaign, story)}

    serving = [carrier for carrier in carriers if carrier.tenant_id in live]
    waiting = [carrier for carrier in carriers if carrier.tenant_id not in live]
    with story.step("Each carrier asks its own model with its own key; a month by batch agrees bit for bit"):
        ask_each(serving, story)
        show_refusals(serving, waiting, story)
        score_months(serving, story)

    with story.step("What it cost, and that nothing was done in the dark"):
        show_costs(team, serving, story)
        verify_audit(team, carriers, story)

    story.summary()
    _show_next(admin.url, run.fleet_run_id, campaign.campaign_id, story)
    if down:
        story.say(f"  {down}")


def _show_next(url: str, fleet_run_id: str, campaign_id: str, story: Story) -> None:
    story.say("\n[bold]The platform goes on running. Try next[/]")
    for command in (
        f"myriad --url {url} login",
        f"myriad --tenant {PLATFORM} fleet-runs show {fleet_run_id}",
        f"myriad --tenant {PLATFORM} campaigns show {campaign_id}",
        f"myriad --tenant aa predict {NAME} month=12 day=24 dow=1 hour=17 minute=30 distance=1089 sched_arr=1950 "
        "origin=JFK",
        f"myriad --tenant aa models versions {NAME}",
        f"myriad --tenant {PLATFORM} costs",
    ):
        story.say(f"  {command}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="quickstart", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("MYRIAD_URL", "http://127.0.0.1:8080"), help="the gateway")
    parser.add_argument("--key-file", help="file that holds the administrator's key; default: MYRIAD_API_KEY")
    parser.add_argument("--state", default=".myriad/quickstart", help="folder for data and keys")
    parser.add_argument("--down", metavar="COMMAND", help="command that ends this platform, shown in the end")
    return parser.parse_args()


def _admin_key(path: str | None) -> str:
    key = Path(path).read_text(encoding="utf-8") if path else os.environ.get("MYRIAD_API_KEY", "")
    if not key.strip():
        raise SystemExit("quickstart: no administrator's key; give --key-file or set MYRIAD_API_KEY")
    return key.strip()


if __name__ == "__main__":
    sys.exit(main())
