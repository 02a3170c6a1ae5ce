"""A fleet run's versions, approved once and rolled out in waves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from myriad.progress import progress_bar
from myriad.resources.base import Resource, part
from myriad.resources.fleet_runs import FleetRun
from myriad.waiting import wait_until

ENDED = frozenset({"completed", "halted", "rejected", "cancelled"})


@dataclass(frozen=True)
class CampaignMetric:
    """The main metric on the golden set, with its interval."""

    name: str
    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class CampaignMember:
    """One tenant's version.

    ``state`` is ``evaluating``, ``held-back``, ``waiting``, ``rolling-out``, ``live`` or ``failed``; ``environment``
    the furthest one in which it is live.
    """

    tenant_id: str
    model_name: str
    version: int | None
    included: bool
    verdict: str | None
    metric: CampaignMetric | None
    state: str
    environment: str | None
    reason: str


@dataclass(frozen=True)
class Campaign:
    """``status``: ``collecting``, ``awaiting-approval``, ``approved``, ``rolling-out``, then ``completed``, ``halted``,
    ``rejected`` or ``cancelled``. A list leaves ``members`` out."""

    campaign_id: str
    application: str
    fleet_run_id: str
    environments: Sequence[str]
    waves: Sequence[int]
    status: str
    reason: str
    evidence_digest: str | None
    approval_id: str | None
    created_by: str
    created_at: datetime
    members: Sequence[CampaignMember] = ()
    completed_at: datetime | None = None

    def in_state(self, *states: str) -> list[CampaignMember]:
        """Members in any of these states."""
        return [member for member in self.members if member.state in states]


class Campaigns(Resource):
    """Campaigns need the acting tenant ``platform``."""

    def create(
        self, application: str, fleet_run_id: str, environments: Sequence[str], waves: Sequence[int] = (100,)
    ) -> Campaign:
        """Collects the evidence of a fleet run. ``waves``: growing percentages of the members, the last 100."""
        body = {
            "application": application,
            "fleetRunId": fleet_run_id,
            "environments": list(environments),
            "waves": list(waves),
        }
        return self._send(Campaign, "POST", "/v1/campaigns", body)

    def list(self, limit: int | None = None) -> Iterator[Campaign]:
        """Newest first, without members."""
        return self._pages(Campaign, "/v1/campaigns", limit)

    def get(self, campaign_id: str) -> Campaign:
        """One campaign with each member."""
        return self._get(Campaign, f"/v1/campaigns/{part(campaign_id)}")

    def submit(self, campaign_id: str) -> Campaign:
        """Freezes the evidence and asks a second person. Problem ``evaluator.campaign_incomplete`` while evaluating."""
        return self._send(Campaign, "POST", f"/v1/campaigns/{part(campaign_id)}/submit")

    def cancel(self, campaign_id: str) -> Campaign:
        """Ends it; what is live stays live."""
        return self._send(Campaign, "POST", f"/v1/campaigns/{part(campaign_id)}/cancel")

    def wait_evaluated(self, campaign_id: str, timeout_seconds: float = 600, quiet: bool | None = None) -> Campaign:
        """Waits until every run of the fleet run is a member and none is being evaluated any more."""
        with progress_bar("evaluations", quiet=quiet) as report:
            return wait_until(
                lambda: self.get(campaign_id),
                lambda campaign: not campaign.in_state("evaluating") and self._has_every_run(campaign),
                what=f"evaluations of campaign {campaign_id}",
                timeout_seconds=timeout_seconds,
                on_state=lambda campaign: report(
                    len(campaign.members) - len(campaign.in_state("evaluating")), len(campaign.members), campaign.status
                ),
            )

    def _has_every_run(self, campaign: Campaign) -> bool:
        counts = self._get(FleetRun, f"/v1/fleet-runs/{part(campaign.fleet_run_id)}").counts
        return counts.ended == counts.total and len(campaign.members) >= counts.total - counts.cancelled

    def wait(
        self,
        campaign_id: str,
        until: Collection[str] = ENDED,
        timeout_seconds: float = 600,
        quiet: bool | None = None,
    ) -> Campaign:
        """Waits for one of the statuses ``until``, or for the end."""
        with progress_bar("campaign", quiet=quiet) as report:
            return wait_until(
                lambda: self.get(campaign_id),
                lambda campaign: campaign.status in until or campaign.status in ENDED,
                what=f"campaign {campaign_id}",
                timeout_seconds=timeout_seconds,
                on_state=lambda campaign: report(
                    len(campaign.in_state("live")), sum(member.included for member in campaign.members), campaign.status
                ),
            )
