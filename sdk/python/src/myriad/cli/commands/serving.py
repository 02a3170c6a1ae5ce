"""Predictions, batch jobs, rollouts and costs."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group, add_command, key_values
from myriad.cli.output import Columns, Output

if TYPE_CHECKING:
    from myriad.client import Client

PLACEMENT: Columns = {
    "Tenant": "tenant_id",
    "Environment": "environment",
    "Model": "model_name",
    "Version": "version",
    "Pool": "pool",
    "Status": "status",
    "Changed": "changed_at",
}
ROLLOUT: Columns = {
    "Rollout": "rollout_id",
    "Tenant": "tenant_id",
    "Environment": "environment",
    "Model": "model_name",
    "Version": "version",
    "Before": "previous_version",
    "Status": "status",
    "Reason": "reason",
}
BATCH_JOB: Columns = {
    "Batch job": "batch_job_id",
    "Model": "model_name",
    "Version": "version",
    "Dataset": "dataset.name",
    "Status": "status",
    "Rows": "progress.rows",
    "Row errors": "progress.row_errors",
    "Made": "created_at",
}
COST: Columns = {
    "Tenant": "tenant_id",
    "Predictions": "predictions",
    "Rows": "prediction_rows",
    "Batch rows": "batch_rows",
    "Training CPU s": "training_cpu_seconds",
    "Model hours": "model_hours",
    "Cost": lambda cost: f"{cost.cost_micros / 1e6:.6f}",
}


def register(commands: Any) -> None:
    """Adds ``predict``, ``batch``, ``placements``, ``rollouts`` and ``costs``."""
    predict = add_command(commands, "predict", predict_rows, "Ask a live model")
    predict.add_argument("model")
    predict.add_argument("values", nargs="*", metavar="COLUMN=VALUE", help="one row; or give --file")
    predict.add_argument("--file", help="CSV file of rows, - for standard input")
    predict.add_argument("--version", type=int, help="default: the live one")

    batch = Group(commands, "batch", "Predictions for whole files")
    run = batch.add("run", run_batch, "Score every row of a dataset with the live model")
    run.add_argument("model")
    run.add_argument("dataset")
    run.add_argument("--dataset-version", type=int)
    run.add_argument("--format", default="csv", choices=["csv", "parquet"])
    run.add_argument("--output", help="file to download the result into")
    run.add_argument("--errors", help="file to download the rows that could not be scored into")
    batch.add("list", list_batch, "Newest first").add_argument("--limit", type=int, default=50)
    batch.add("show", show_batch, "One job").add_argument("batch_job")
    batch.add("cancel", cancel_batch, "Stop a job").add_argument("batch_job")

    placements = Group(commands, "placements", "What is served where")
    placements.add("list", list_placements, "All placements").add_argument("--model")

    rollouts = Group(commands, "rollouts", "Changes of placements")
    rollouts.add("list", list_rollouts, "Newest first").add_argument("--limit", type=int, default=50)
    back = rollouts.add("rollback", rollback, "Put the version before back, at once")
    back.add_argument("rollout")
    back.add_argument("--reason", required=True)

    add_command(commands, "costs", list_costs, "What tenants used")


def predict_rows(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one line a row."""
    if bool(arguments.values) == bool(arguments.file):
        raise argparse.ArgumentTypeError("give COLUMN=VALUE… or --file, one of the two")
    columns = key_values(arguments.values) if arguments.values else _read_columns(arguments.file)
    prediction = client.predict(arguments.model, columns, arguments.version)
    if output.as_json:
        print(json.dumps({"modelVersion": prediction.model_version, "outputs": prediction.outputs}))
        return
    names = list(prediction.outputs)
    rows = list(zip(*prediction.outputs.values(), strict=True))
    output.table(rows, {name: itemgetter(at) for at, name in enumerate(names)})
    output.note(f"{len(rows)} rows by version {prediction.model_version}")


def _read_columns(path: str) -> dict[str, list[str | None]]:
    """A CSV file's columns as text; an empty field is missing."""
    text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    header, *rows = list(csv.reader(text.splitlines())) or [[]]
    ragged = next((number for number, row in enumerate(rows, 2) if row and len(row) != len(header)), None)
    if ragged:
        raise argparse.ArgumentTypeError(f"{path}, line {ragged}: not {len(header)} fields")
    return {name: [row[at] or None for row in rows if row] for at, name in enumerate(header)}


def run_batch(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Runs a batch job; exits 1 unless it succeeded."""
    job = client.batch_jobs.create(
        arguments.model,
        arguments.dataset,
        dataset_version=arguments.dataset_version,
        output_format=arguments.format,
    )
    output.note(f"batch job {job.batch_job_id}")
    job = client.batch_jobs.wait(job.batch_job_id)
    for file, path in ((job.output, arguments.output), (job.errors, arguments.errors)):
        if file and path:
            client.batch_jobs.download(file, path)
    output.one(job)
    return 0 if job.status == "succeeded" else 1


def list_batch(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints batch jobs."""
    output.table(client.batch_jobs.list(arguments.limit), BATCH_JOB)


def show_batch(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one batch job."""
    output.one(client.batch_jobs.get(arguments.batch_job))


def cancel_batch(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Cancels a batch job."""
    output.one(client.batch_jobs.cancel(arguments.batch_job))


def list_placements(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints placements."""
    output.table(client.placements.list(model_name=arguments.model), PLACEMENT)


def list_rollouts(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints rollouts."""
    output.table(client.rollouts.list(limit=arguments.limit), ROLLOUT)


def rollback(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Rolls back."""
    output.one(client.rollouts.rollback(arguments.rollout, arguments.reason))


def list_costs(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints the ledger."""
    output.table(client.costs.list(), COST)
