"""Jobs and fleet runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group, key_values
from myriad.cli.output import Columns, Output

if TYPE_CHECKING:
    from myriad.client import Client

JOB: Columns = {"Job": "job_id", "Status": "status", "Attempt": "attempt", "Made": "created_at", "Reason": "reason"}
FLEET_RUN: Columns = {
    "Fleet run": "fleet_run_id",
    "Application": "application",
    "Status": "status",
    "Tenants": "counts.total",
    "Succeeded": "counts.succeeded",
    "Inconclusive": "counts.inconclusive",
    "Failed": "counts.failed",
    "Made": "created_at",
}
MEMBER: Columns = {
    "Tenant": "tenant_id",
    "Status": "status",
    "Metrics": lambda member: ", ".join(f"{name} {value:.4g}" for name, value in member.metrics.items()),
    "ms": "duration_ms",
    "Reason": "reason",
}


def register(commands: Any) -> None:
    """Adds ``jobs`` and ``fleet-runs``."""
    jobs = Group(commands, "jobs", "Training jobs of the acting tenant")
    run = jobs.add("run", run_job, "Train one model by a recipe or by a Python file of your own")
    run.add_argument("model")
    run.add_argument("--recipe", help="name of a recipe; give this or --file")
    run.add_argument("--file", help="Python file with the entry point")
    run.add_argument("--entry-point", help="default: train")
    run.add_argument("--dataset", action="append", required=True, metavar="NAME[@VERSION]")
    run.add_argument("--application")
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    run.add_argument("--detach", action="store_true", help="do not wait for the end")
    listing = jobs.add("list", list_jobs, "Newest first")
    listing.add_argument("--status")
    listing.add_argument("--limit", type=int, default=50)
    jobs.add("show", show_job, "One job").add_argument("job")
    logs = jobs.add("logs", job_logs, "Log lines in order")
    logs.add_argument("job")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")
    jobs.add("cancel", cancel_job, "Stop a job").add_argument("job")

    fleet = Group(commands, "fleet-runs", "One application trained for many tenants (acting tenant: platform)")
    start = fleet.add("start", start_fleet_run, "Train for every tenant named")
    start.add_argument("application")
    start.add_argument("dataset", help="the dataset of this name in each tenant")
    start.add_argument("tenants", nargs="+")
    start.add_argument("--recipe")
    start.add_argument("--tenants-per-job", type=int, default=50)
    start.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE")
    start.add_argument("--detach", action="store_true", help="do not wait for the end")
    fleet.add("watch", watch_fleet_run, "Wait for the end and show each outcome").add_argument("fleet_run")
    fleet.add("show", show_fleet_run, "Each tenant's outcome so far").add_argument("fleet_run")
    fleet.add("list", list_fleet_runs, "Newest first").add_argument("--limit", type=int, default=50)
    fleet.add("cancel", cancel_fleet_run, "Stop what has not ended").add_argument("fleet_run")


def run_job(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Starts a job and follows it; exits 1 unless it succeeded."""
    job = client.jobs.create(
        arguments.model,
        [_dataset(text) for text in arguments.dataset],
        recipe=arguments.recipe,
        source=Path(arguments.file).read_text(encoding="utf-8") if arguments.file else None,
        entry_point=arguments.entry_point,
        application=arguments.application,
        parameters=key_values(arguments.parameter),
    )
    output.note(f"job {job.job_id}")
    if not arguments.detach:
        _follow(client, job.job_id, output)
        job = client.jobs.wait(job.job_id)
    output.one(job)
    return 1 if job.status in ("failed", "cancelled") else 0


def list_jobs(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints jobs."""
    output.table(client.jobs.list(arguments.status, arguments.limit), JOB)


def show_job(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one job."""
    output.one(client.jobs.get(arguments.job))


def job_logs(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints log lines."""
    if arguments.follow:
        _follow(client, arguments.job, output)
    elif output.as_json:
        output.table(client.jobs.logs(arguments.job), {})
    else:
        for line in client.jobs.logs(arguments.job):
            print(f"{line.level:<7} {line.message}")


def cancel_job(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Cancels a job."""
    output.one(client.jobs.cancel(arguments.job))


def start_fleet_run(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Starts a fleet run and waits; exits 1 when a tenant failed."""
    run = client.fleet_runs.create(
        arguments.application,
        arguments.dataset,
        arguments.tenants,
        recipe=arguments.recipe,
        parameters=key_values(arguments.parameter),
        tenants_per_job=arguments.tenants_per_job,
    )
    output.note(f"fleet run {run.fleet_run_id}")
    if arguments.detach:
        output.one(run)
        return 0
    return _watch(client, run.fleet_run_id, output)


def watch_fleet_run(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Waits for a fleet run."""
    return _watch(client, arguments.fleet_run, output)


def show_fleet_run(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints each tenant's outcome."""
    _members(client.fleet_runs.get(arguments.fleet_run), output)


def list_fleet_runs(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints fleet runs."""
    output.table(client.fleet_runs.list(arguments.limit), FLEET_RUN)


def cancel_fleet_run(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Cancels a fleet run."""
    _members(client.fleet_runs.cancel(arguments.fleet_run), output)


def _dataset(text: str) -> str | tuple[str, int]:
    name, sign, version = text.partition("@")
    if sign and not version.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME or NAME@VERSION")
    return (name, int(version)) if sign else name


def _follow(client: Client, job_id: str, output: Output) -> None:
    for event in client.jobs.events(job_id):
        data = event.data if isinstance(event.data, dict) else {}
        if event.event == "log":
            output.note(f"{data.get('level', ''):<7} {data.get('message', '')}")
        elif event.event == "metric":
            output.note(f"metric  {data.get('name')} {data.get('value')} at step {data.get('step')}")


def _watch(client: Client, fleet_run_id: str, output: Output) -> int:
    run = client.fleet_runs.wait(fleet_run_id)
    _members(run, output)
    return 1 if run.counts.failed or run.status != "completed" else 0


def _members(run: Any, output: Output) -> None:
    if output.as_json:
        output.one(run)
        return
    output.table(run.members, MEMBER)
    counts = run.counts
    output.note(
        f"{run.status}: {counts.succeeded} succeeded, {counts.inconclusive} inconclusive, {counts.failed} failed "
        f"of {counts.total}"
    )
