"""Evaluations, promotions and campaigns."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group
from myriad.cli.output import Columns, Output

if TYPE_CHECKING:
    from myriad.client import Client

ENVIRONMENTS = ["research", "applied-science", "engineering", "production"]
EVALUATION: Columns = {
    "Evaluation": "evaluation_id",
    "Model": "model_name",
    "Version": "version",
    "Suite": "suite",
    "Status": "status",
    "Verdict": "verdict",
    "Reason": "reason",
}
CHECK: Columns = {
    "Set": "set",
    "Metric": "metric",
    "Value": "value",
    "Low": "low",
    "High": "high",
    "Rows": "rows",
    "Outcome": "outcome",
    "Detail": "detail",
}
PROMOTION: Columns = {
    "Promotion": "promotion_id",
    "Model": "model_name",
    "Version": "version",
    "Environment": "environment",
    "Status": "status",
    "Reason": "reason",
}
CAMPAIGN: Columns = {
    "Campaign": "campaign_id",
    "Application": "application",
    "Status": "status",
    "Environments": lambda campaign: " → ".join(campaign.environments),
    "Made": "created_at",
}
MEMBER: Columns = {
    "Tenant": "tenant_id",
    "Version": "version",
    "Verdict": "verdict",
    "Metric": "metric.value",
    "Low": "metric.low",
    "High": "metric.high",
    "State": "state",
    "Live in": "environment",
    "Reason": "reason",
}


def register(commands: Any) -> None:
    """Adds ``evaluations``, ``promotions`` and ``campaigns``."""
    evaluations = Group(commands, "evaluations", "What a suite found on a version")
    listing = evaluations.add("list", list_evaluations, "Newest first")
    listing.add_argument("--model")
    listing.add_argument("--limit", type=int, default=50)
    evaluations.add("show", show_evaluation, "One evaluation with every check").add_argument("evaluation")
    run = evaluations.add("run", run_evaluation, "Run a suite on an admitted version")
    run.add_argument("model")
    run.add_argument("version", type=int)
    run.add_argument("--suite", help="default: the application's")

    promotions = Group(commands, "promotions", "One version's way into one environment")
    request = promotions.add("request", request_promotion, "Ask that a version go live; someone else decides")
    request.add_argument("model")
    request.add_argument("version", type=int)
    request.add_argument("into", choices=ENVIRONMENTS)
    promotions.add("list", list_promotions, "Newest first").add_argument("--limit", type=int, default=50)
    promotions.add("show", show_promotion, "One promotion").add_argument("promotion")

    campaigns = Group(commands, "campaigns", "A fleet run's versions, approved once (acting tenant: platform)")
    create = campaigns.add("create", create_campaign, "Collect the evidence of a fleet run")
    create.add_argument("application")
    create.add_argument("fleet_run")
    create.add_argument("--into", action="append", choices=ENVIRONMENTS, help="environments in order; repeatable")
    create.add_argument("--waves", default="100", help="growing percentages, e.g. 10,50,100")
    campaigns.add("list", list_campaigns, "Newest first").add_argument("--limit", type=int, default=50)
    campaigns.add("show", show_campaign, "One campaign with each member").add_argument("campaign")
    campaigns.add("submit", submit_campaign, "Freeze the evidence and ask a second person").add_argument("campaign")
    campaigns.add("watch", watch_campaign, "Wait for the end").add_argument("campaign")
    campaigns.add("cancel", cancel_campaign, "End it; what is live stays live").add_argument("campaign")


def list_evaluations(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints evaluations."""
    output.table(client.evaluations.list(arguments.model, limit=arguments.limit), EVALUATION)


def show_evaluation(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one evaluation."""
    _print_evaluation(client.evaluations.get(arguments.evaluation), output)


def run_evaluation(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Runs a suite; exits 1 unless the verdict is pass."""
    started = client.evaluations.create(arguments.model, arguments.version, arguments.suite)
    ended = client.evaluations.wait(started.evaluation_id)
    _print_evaluation(ended, output)
    return 0 if ended.verdict == "pass" else 1


def request_promotion(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Asks for a promotion."""
    output.one(client.promotions.request(arguments.model, arguments.version, arguments.into))


def list_promotions(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints promotions."""
    output.table(client.promotions.list(arguments.limit), PROMOTION)


def show_promotion(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one promotion."""
    output.one(client.promotions.get(arguments.promotion))


def create_campaign(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Makes a campaign."""
    try:
        waves = [int(text) for text in arguments.waves.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"--waves '{arguments.waves}' is not a list like 10,50,100") from None
    environments = arguments.into or ["engineering", "production"]
    campaign = client.campaigns.create(arguments.application, arguments.fleet_run, environments, waves)
    _print_campaign(client.campaigns.wait_evaluated(campaign.campaign_id), output)


def list_campaigns(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints campaigns."""
    output.table(client.campaigns.list(arguments.limit), CAMPAIGN)


def show_campaign(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one campaign."""
    _print_campaign(client.campaigns.get(arguments.campaign), output)


def submit_campaign(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Submits a campaign."""
    _print_campaign(client.campaigns.submit(arguments.campaign), output)


def watch_campaign(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Waits for a campaign; exits 1 unless it completed."""
    campaign = client.campaigns.wait(arguments.campaign)
    _print_campaign(campaign, output)
    return 0 if campaign.status == "completed" else 1


def cancel_campaign(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Cancels a campaign."""
    _print_campaign(client.campaigns.cancel(arguments.campaign), output)


def _print_evaluation(evaluation: Any, output: Output) -> None:
    if output.as_json:
        output.one(evaluation)
        return
    output.table(evaluation.checks, CHECK)
    verdict = evaluation.verdict or evaluation.status
    output.note(f"{evaluation.model_name} version {evaluation.version}: {verdict}. {evaluation.reason}")


def _print_campaign(campaign: Any, output: Output) -> None:
    if output.as_json:
        output.one(campaign)
        return
    output.table(campaign.members, MEMBER)
    approval = f", approval {campaign.approval_id}" if campaign.approval_id else ""
    output.note(f"campaign {campaign.campaign_id} is {campaign.status}{approval}. {campaign.reason}")
