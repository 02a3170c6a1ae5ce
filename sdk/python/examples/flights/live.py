"""What a live model is asked: one row at a time, by a stranger, and a whole month at once."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import pandas
from cast import PLATFORM, Carrier, Team
from data import CATEGORICAL, FEATURES
from proof import NAME
from story import Story, together

from myriad import Client, MyriadProblem
from myriad.resources.costs import Cost

#: Single predictions per carrier, one after the other, over one kept connection.
PREDICTIONS = 40
#: Rows a request when a month is asked of the live model.
ROWS_A_REQUEST = 1000


@dataclass(frozen=True)
class Asked:
    """How long single predictions took, milliseconds from send to answer, and the last probability."""

    carrier: Carrier
    version: str
    milliseconds: Sequence[float]
    probability: float


def golden_frame(carrier: Carrier) -> pandas.DataFrame:
    """The carrier's December, with the columns that its model takes."""
    assert carrier.files.golden is not None
    names = [str(feature["name"]) for feature in FEATURES]
    dtypes = {name: "object" for name in CATEGORICAL}
    return pandas.read_csv(carrier.files.golden, usecols=names, dtype=dtypes, keep_default_na=False)


def ask_each(carriers: Sequence[Carrier], story: Story) -> None:
    """Every carrier asks its own model with its own key."""
    rows = []
    for asked in (_ask(carrier) for carrier in carriers):
        p50, p99 = numpy.percentile(asked.milliseconds, [50, 99])
        rows.append(
            (
                asked.carrier.files.carrier,
                asked.carrier.files.name,
                asked.version,
                f"{asked.probability:.3f}",
                f"{p50:.1f}",
                f"{p99:.1f}",
            )
        )
    headings = ["Carrier", "Name", "Version", "P(delay)", "p50 ms", "p99 ms"]
    story.table(headings, rows, numbers=["Version", "P(delay)", "p50 ms", "p99 ms"])


def _ask(carrier: Carrier) -> Asked:
    columns = golden_frame(carrier).head(PREDICTIONS).to_dict("records")
    prediction = carrier.program.predict(NAME, columns[0])  # loads the model and learns its inputs
    milliseconds = []
    for row in columns:
        started = time.perf_counter()
        prediction = carrier.program.predict(NAME, row)
        milliseconds.append((time.perf_counter() - started) * 1e3)
    return Asked(carrier, prediction.model_version, milliseconds, prediction.probability[0])


def show_refusals(live: Sequence[Carrier], held_back: Sequence[Carrier], story: Story) -> None:
    """One tenant's key on another's model, and a model that was held back."""
    stranger, owner = live[0], live[1]
    row = golden_frame(stranger).iloc[0].to_dict()
    foreign = stranger.program.acting_in(owner.tenant_id)
    story.say(f"{stranger.files.carrier}'s key on {owner.files.carrier}'s model: {_refusal(foreign, row)}")
    for carrier in held_back[:1]:
        story.say(f"{carrier.files.carrier}'s key on its model that was held back: {_refusal(carrier.program, row)}")


def _refusal(client: Client, row: dict[str, object]) -> str:
    try:
        client.predict(NAME, row)
    except MyriadProblem as problem:
        return f"[red]refused[/], HTTP {problem.status} {problem.code}"
    raise AssertionError("a prediction that must be refused was answered")


@dataclass(frozen=True)
class Scored:
    """A month scored twice: ``different`` rows have another bit in their probability, or another label."""

    carrier: Carrier
    rows: int
    row_errors: int
    different: int


def score_months(carriers: Sequence[Carrier], story: Story) -> None:
    """A batch job over each carrier's December, compared with the live model row by row. Raises on a difference."""
    scored = together(_score_month, carriers)
    headings = ["Carrier", "Rows", "Row errors", "Rows that differ from live"]
    rows = [(one.carrier.files.carrier, f"{one.rows:,}", one.row_errors, one.different) for one in scored]
    story.table(headings, rows, numbers=headings[1:])
    total, different = sum(one.rows for one in scored), sum(one.different + one.row_errors for one in scored)
    if different:
        raise AssertionError(f"{different} of {total} rows differ between batch and live")
    story.say(f"[green]all {total:,} rows agree bit for bit[/]")


def _score_month(carrier: Carrier) -> Scored:
    client = carrier.program
    job = client.batch_jobs.create(NAME, "flights-golden")
    frame = golden_frame(carrier)
    parts = [client.predict(NAME, frame.iloc[at : at + ROWS_A_REQUEST]) for at in range(0, len(frame), ROWS_A_REQUEST)]
    job = client.batch_jobs.wait(job.batch_job_id, timeout_seconds=120, quiet=True)
    if job.status != "succeeded" or job.output is None:
        raise MyriadProblem(409, "quickstart.batch_failed", f"{carrier.tenant_id}: {job.status} {job.reason}")
    # Not by pandas: its quick way to read numbers may miss the last bit.
    output = list(csv.DictReader(io.StringIO(client.batch_jobs.read(job.output).decode())))
    if [int(line["row"]) for line in output] != list(range(len(frame))):
        raise AssertionError(f"{carrier.tenant_id}: the output's rows are not the input's rows in their order")
    probability = numpy.concatenate([numpy.asarray(part.probability, "float32") for part in parts])
    label = numpy.concatenate([numpy.asarray(part.label, "int64") for part in parts])
    batch_probability = numpy.asarray([float(line["probability"]) for line in output], "float32")
    batch_label = numpy.asarray([int(line["label"]) for line in output], "int64")
    other_bits = batch_probability.view("int32") != probability.view("int32")
    different = int((other_bits | (batch_label != label)).sum())
    return Scored(carrier, len(frame), job.progress.row_errors, different)


def show_costs(team: Team, live: Sequence[Carrier], story: Story) -> None:
    """The ledger; use is metered in windows, so it is waited for until every scored row is in it."""
    expected = {carrier.tenant_id: carrier.files.golden_rows for carrier in live}
    deadline = time.monotonic() + 20
    while True:
        costs = {cost.tenant_id: cost for cost in team.admin.acting_in(PLATFORM).costs.list()}
        behind = [tenant for tenant, rows in expected.items() if _batch_rows(costs.get(tenant)) < rows]
        if not behind or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    headings = ["Tenant", "Predictions", "Rows", "Batch rows", "Training CPU s", "Model hours", "Cost"]
    rows = [
        (
            cost.tenant_id,
            f"{cost.predictions:,}",
            f"{cost.prediction_rows:,}",
            f"{cost.batch_rows:,}",
            f"{cost.training_cpu_seconds:.2f}",
            f"{cost.model_hours:.3f}",
            f"{cost.cost_micros / 1e6:.6f}",
        )
        for cost in sorted(costs.values(), key=lambda cost: cost.tenant_id)
    ]
    story.table(headings, rows, numbers=headings[1:])
    if behind:
        story.say(f"[yellow]the ledger is still behind for {', '.join(behind)}[/]")


def _batch_rows(cost: Cost | None) -> int:
    return cost.batch_rows if cost else 0


def verify_audit(team: Team, carriers: Sequence[Carrier], story: Story) -> None:
    """Recomputes the chain of every tenant. Raises when one is broken."""
    tenants = [PLATFORM, *[carrier.tenant_id for carrier in carriers]]
    results = together(lambda tenant: team.admin.acting_in(tenant).audit.verify(), tenants)
    broken = [tenant for tenant, result in zip(tenants, results, strict=True) if not result.valid]
    if broken:
        raise AssertionError(f"the audit chain is broken in {broken}")
    records = sum(result.records for result in results)
    story.say(f"[green]intact[/]: {records:,} records of {len(tenants)} tenants")
    story.say(f"the platform's head is {results[0].head_hash}; keep it elsewhere, it pins all that came before")
