"""Who takes part: a tenant for each carrier with two accounts of its own, and two people of the platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data import CarrierFiles
from keyring import Keyring
from story import together

from myriad import Client, MyriadProblem
from myriad.resources.principals import Binding, Principal
from myriad.resources.tenants import RateLimit

PLATFORM = "platform"
#: What a carrier's programs may send: requests a second, and at once.
RATE_LIMIT = RateLimit(requests_per_second=200, burst=400)


@dataclass(frozen=True)
class Carrier:
    """One tenant: its data, and clients with its own keys.

    ``program`` is the service account that uploads and predicts; ``administrator`` decides for the tenant.
    """

    files: CarrierFiles
    program: Client
    administrator: Client

    @property
    def tenant_id(self) -> str:
        """The tenant's id."""
        return self.files.tenant_id


@dataclass(frozen=True)
class Team:
    """The platform's people. ``scientist`` trains and proposes; ``approver`` is the second pair of eyes."""

    admin: Client
    scientist: Client
    scientist_id: str
    approver: Client


def assemble_team(admin: Client, keyring: Keyring) -> Team:
    """Makes the platform's people, or finds them."""
    issuer = admin.acting_in(PLATFORM)
    # The scientist may decide, too: that it is never about their own request is for the platform to see to.
    scientist = _principal(
        issuer, "Dana, data scientist", "user", [Binding("data-scientist", "*"), Binding("approver", PLATFORM)]
    )
    approver = _principal(issuer, "Avery, reviewer", "user", [Binding("approver", PLATFORM)])
    return Team(
        admin=issuer,
        scientist=keyring.client(issuer, scientist.principal_id),
        scientist_id=scientist.principal_id,
        approver=keyring.client(issuer, approver.principal_id),
    )


def assemble_carriers(admin: Client, keyring: Keyring, files: Sequence[CarrierFiles]) -> list[Carrier]:
    """Makes a tenant for each carrier with its two accounts, or finds them."""
    platform = admin.acting_in(PLATFORM)
    known = {tenant.tenant_id for tenant in platform.tenants.list()}

    def assemble(carrier: CarrierFiles) -> Carrier:
        if carrier.tenant_id not in known:
            platform.tenants.create(carrier.tenant_id, carrier.name, RATE_LIMIT)
        issuer = admin.acting_in(carrier.tenant_id)
        issuer.wait_usable()
        program = _principal(issuer, "flight-planner", "service-account", [Binding("predictor", carrier.tenant_id)])
        decider = _principal(
            issuer, f"{carrier.name}, data steward", "user", [Binding("tenant-admin", carrier.tenant_id)]
        )
        return Carrier(
            files=carrier,
            program=keyring.client(issuer, program.principal_id),
            administrator=keyring.client(issuer, decider.principal_id),
        )

    return together(assemble, files)


def _principal(issuer: Client, name: str, kind: str, bindings: Sequence[Binding]) -> Principal:
    found = next(issuer.principals.list(name=name), None)
    if found is None:
        return issuer.principals.create(name, bindings, kind)
    return (
        found if set(found.bindings) == set(bindings) else issuer.principals.set_bindings(found.principal_id, bindings)
    )


def commit_datasets(carriers: Sequence[Carrier]) -> list[tuple[Carrier, str, int, int]]:
    """Each carrier's own program uploads its files; bytes that are the newest version already are left alone.

    Returns carrier, dataset, version and rows.
    """

    def upload(item: tuple[Carrier, str]) -> tuple[Carrier, str, int, int]:
        carrier, name = item
        path = carrier.files.training if name == "flights" else carrier.files.golden
        assert path is not None
        version = carrier.program.datasets.upload(
            name, path, description=DESCRIPTIONS[name], classification="confidential", quiet=True
        )
        return carrier, name, version.version, version.row_count

    return together(upload, [(carrier, name) for carrier in carriers for name in datasets_of(carrier)])


DESCRIPTIONS = {
    "flights": "Flights from New York, January to November 2013",
    "flights-golden": "Flights from New York in December 2013: what models are judged on",
}
PURPOSES = {"flights": "training", "flights-golden": "evaluation"}


def datasets_of(carrier: Carrier) -> list[str]:
    """Names of the datasets that the carrier has."""
    return ["flights"] if carrier.files.golden is None else ["flights", "flights-golden"]


def obtain_grants(team: Team, carriers: Sequence[Carrier]) -> tuple[int, int]:
    """The scientist asks each carrier for the use of its datasets, and the carrier's own steward approves.

    Returns how many were asked for now and how many were active already. Raises when one was refused.
    """

    def obtain(item: tuple[Carrier, str]) -> bool:
        carrier, name = item
        asker = team.scientist.acting_in(carrier.tenant_id)
        active = asker.grants.list(dataset_name=name, status="active")
        if any((grant.principal_id, grant.purpose) == (team.scientist_id, PURPOSES[name]) for grant in active):
            return False
        grant = asker.grants.request(name, PURPOSES[name], "a delay model of your own flights, for you alone")
        approval = carrier.administrator.approvals.wait_for_subject(grant.grant_id)
        carrier.administrator.approvals.approve(approval, "our flights, our model")
        decided = asker.grants.wait(grant.grant_id)
        if decided.status != "active":
            raise MyriadProblem(403, "quickstart.grant_missing", f"{carrier.tenant_id}/{name}: {decided.status}")
        return True

    asked = together(obtain, [(carrier, name) for carrier in carriers for name in datasets_of(carrier)])
    return sum(asked), len(asked) - sum(asked)
