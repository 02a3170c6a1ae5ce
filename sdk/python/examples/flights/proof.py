"""From a recipe to models that are live: fleet run, admission, evaluation, campaign, rollout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cast import PLATFORM, Carrier, Team
from data import FEATURES, LABEL
from story import Story, outcome, together

from myriad import Client, MyriadProblem
from myriad.resources.campaigns import Campaign, CampaignMember
from myriad.resources.fleet_runs import FleetRun
from myriad.resources.models import ModelVersion
from myriad.waiting import once_known

#: Application, recipe, suite and every tenant's model have one name.
NAME = "flight-delay"
PARAMETERS = {"seed": 7}
SUITE: dict[str, Any] = {
    "generators": [
        {"kind": "noise", "copies": 2, "scale": 0.1},
        {"kind": "missing", "copies": 2, "fraction": 0.1},
        {"kind": "category-swap", "copies": 1, "fraction": 0.1},
        {"kind": "subgroup", "copies": 1, "fraction": 0.8},
    ],
    "thresholds": [
        # On December as it was: better than a coin, surely.
        {"metric": "auc", "appliesTo": "golden", "min": 0.52},
        # On December with faults in it: not much worse.
        {"metric": "auc", "appliesTo": "randomized", "min": 0.5, "maxDrop": 0.08},
    ],
    "minRows": 200,
    "minPerClass": 30,
    "confidence": 0.95,
    "seed": 2013,
}
ENVIRONMENTS = ("engineering", "production")


def describe_application(team: Team) -> None:
    """Adds the recipe, the suite and the application, or their next version where they differ."""
    platform = team.scientist.acting_in(PLATFORM)
    here = Path(__file__).parent
    schema = json.loads((here / "recipe.schema.json").read_text())
    platform.recipes.create(NAME, here / "recipe.py", parameter_schema=schema)
    platform.suites.create(NAME, FEATURES, LABEL, "flights-golden", **SUITE)
    try:
        platform.applications.create(NAME, FEATURES, LABEL, recipe=NAME, suite=NAME)
    except MyriadProblem as problem:
        if problem.code != "registry.application_exists":
            raise
        platform.applications.update(NAME, recipe=NAME, suite=NAME)


def train(team: Team, carriers: Sequence[Carrier], story: Story) -> FleetRun:
    """One fleet run over all carriers, eight of them in one process."""
    platform = team.scientist.acting_in(PLATFORM)
    tenants = [carrier.tenant_id for carrier in carriers]
    run = once_known(
        lambda: platform.fleet_runs.create(NAME, "flights", tenants, parameters=PARAMETERS, tenants_per_job=8),
        ["training.application_not_found", "training.recipe_not_found"],
    )
    run = platform.fleet_runs.wait(run.fleet_run_id, timeout_seconds=300)
    counts = run.counts
    jobs = len({member.job_id for member in run.members})
    story.say(
        f"fleet run {run.fleet_run_id} {run.status} in {jobs} jobs: {counts.succeeded} models, "
        f"{counts.inconclusive} inconclusive, {counts.failed} failed"
    )
    return run


def evaluate(team: Team, run: FleetRun) -> Campaign:
    """Collects the evidence on the run's versions: the platform admits and evaluates each by itself."""
    platform = team.scientist.acting_in(PLATFORM)
    campaign = once_known(
        lambda: platform.campaigns.create(NAME, run.fleet_run_id, ENVIRONMENTS, waves=[30, 100]),
        ["evaluator.fleet_run_not_found"],
    )
    return platform.campaigns.wait_evaluated(campaign.campaign_id, timeout_seconds=300)


def show_evidence(team: Team, run: FleetRun, campaign: Campaign, carriers: Sequence[Carrier], story: Story) -> None:
    """One row a carrier: what it was trained on, how it was admitted, what the suite found, and why."""
    trained = {member.tenant_id: member for member in run.members}
    judged = {member.tenant_id: member for member in campaign.members}
    versions = dict(zip(judged, together(lambda member: _version(team, member), judged.values()), strict=True))
    rows = []
    for carrier in carriers:
        training, member = trained[carrier.tenant_id], judged.get(carrier.tenant_id)
        version = versions.get(carrier.tenant_id)
        profile = version.profile if version else None
        metric = member.metric if member else None
        rows.append(
            (
                carrier.files.carrier,
                f"{carrier.files.training_rows:,}",
                outcome(training.status),
                f"{training.duration_ms:.0f}" if training.duration_ms is not None else None,
                outcome(version.admission.status) if version else "[dim]-[/]",
                f"{profile.latency_micros_p50:.0f}" if profile else None,
                f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]".replace("[", r"\[") if metric else None,
                outcome(member.verdict if member else None),
                (member.reason if member else "") or training.reason,
            )
        )
    headings = ["Carrier", "Flights", "Training", "ms", "Admission", "µs a row", "AUC on December", "Verdict", "Reason"]
    story.table(headings, rows, numbers=["Flights", "ms", "µs a row"])


def _version(team: Team, member: CampaignMember) -> ModelVersion | None:
    if member.version is None:
        return None
    return team.scientist.acting_in(member.tenant_id).models.version(member.model_name, member.version)


def approve(team: Team, campaign: Campaign, story: Story) -> None:
    """The scientist submits; their own approval is refused; a second person approves the same evidence."""
    platform = team.scientist.acting_in(PLATFORM)
    submitted = platform.campaigns.submit(campaign.campaign_id)
    approval = platform.approvals.wait_for_subject(submitted.campaign_id)
    story.say(f"asked: {approval.summary}")
    story.say(f"evidence {approval.evidence_digest}")
    try:
        platform.approvals.approve(approval)
        raise AssertionError("the requester's own approval was accepted")
    except MyriadProblem as problem:
        story.say(f"Dana approves their own request: [red]refused[/], {problem.code}")
    team.approver.approvals.approve(team.approver.approvals.get(approval.approval_id), "reviewed the evidence")
    story.say("Avery approves the same evidence: [green]approved[/]")


def roll_out(team: Team, campaign: Campaign, story: Story) -> list[CampaignMember]:
    """Waits for engineering, then production. Returns the members that are live; raises when the campaign stopped."""
    platform = team.scientist.acting_in(PLATFORM)
    ended = platform.campaigns.wait(campaign.campaign_id, timeout_seconds=300)
    live, held_back = ended.in_state("live"), ended.in_state("held-back")
    story.say(
        f"campaign {ended.status}: {len(live)} live in {' and '.join(ended.environments)}, {len(held_back)} held back"
    )
    if ended.status != "completed":
        raise MyriadProblem(409, "quickstart.campaign_stopped", f"{ended.status}: {ended.reason}")
    return live


def clients_of(carriers: Sequence[Carrier], members: Sequence[CampaignMember]) -> list[tuple[Carrier, Client]]:
    """The carriers whose model is live, each with the client of its own program."""
    live = {member.tenant_id for member in members}
    return [(carrier, carrier.program) for carrier in carriers if carrier.tenant_id in live]
