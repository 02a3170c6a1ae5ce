"""Who acts: tenants, keys, approvals and the audit chain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group, add_command
from myriad.cli.output import Columns, Output

if TYPE_CHECKING:
    from myriad.client import Client

APPROVAL: Columns = {
    "Approval": "approval_id",
    "Kind": "kind",
    "Status": "status",
    "Summary": "summary",
    "Requested by": "requested_by",
    "Expires": "expires_at",
}
RECORD: Columns = {"Seq": "seq", "At": "at", "Actor": "actor", "Action": "action", "Object": "object"}
TENANT: Columns = {
    "Tenant": "tenant_id",
    "Name": "display_name",
    "Status": "status",
    "Requests/s": "rate_limit.requests_per_second",
}
KEY: Columns = {
    "Key": "key_id",
    "Prefix": "prefix",
    "Principal": "principal_id",
    "Expires": "expires_at",
    "Revoked": "revoked_at",
}


def register(commands: Any) -> None:
    """Adds ``whoami``, ``tenants``, ``keys``, ``approvals`` and ``audit``."""
    add_command(commands, "whoami", whoami, "Who the key belongs to and what it may do")
    tenants = Group(commands, "tenants", "Customers of the platform")
    tenants.add("list", list_tenants, "The acting tenant; the platform sees all")
    create = tenants.add("create", create_tenant, "Make a tenant")
    create.add_argument("id")
    create.add_argument("name", help="what people call it")
    rotate = tenants.add("rotate-key", rotate_key, "Ask for a new version of the key that encrypts the tenant's bytes")
    rotate.add_argument("id")
    purge = tenants.add("purge", purge_tenant, "Ask for, or confirm, the end of a suspended tenant's data, for ever")
    purge.add_argument("id")
    purge.add_argument("--confirm", required=True, help="the tenant's id once more")

    keys = Group(commands, "keys", "API keys of the acting tenant's principals")
    keys.add("list", list_keys, "All keys, without their secrets")
    new = keys.add("create", create_key, "Issue a key; it is shown this once")
    new.add_argument("principal")
    new.add_argument("--scope", action="append", default=[], help="a permission to narrow the key to; repeatable")
    keys.add("revoke", revoke_key, "End a key everywhere within a second").add_argument("key", help="its id")

    approvals = Group(commands, "approvals", "Decisions by a second person")
    listing = approvals.add("list", list_approvals, "Newest first")
    listing.add_argument(
        "--status", default="pending", help="pending (default), approved, rejected, void, expired, all"
    )
    approvals.add("show", show_approval, "One approval").add_argument("approval")
    for verb, decision in (("approve", approve), ("reject", reject)):
        parser = approvals.add(verb, decision, f"{verb.capitalize()} what the evidence shows")
        parser.add_argument("approval")
        parser.add_argument("--digest", help="refuse unless the evidence has this digest: the one you looked at")
        parser.add_argument("--comment", default="")

    audit = Group(commands, "audit", "The acting tenant's audit chain")
    audit.add("list", list_audit, "Newest first").add_argument("--limit", type=int, default=50)
    audit.add("verify", verify_audit, "Recompute the chain; exits 1 when it is broken")


def whoami(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints the caller."""
    me = client.principals.me()
    if output.as_json:
        output.one(me)
        return
    output.line(f"{me.name} ({me.kind} {me.principal_id}) of tenant {me.home_tenant_id}")
    output.line(f"acts in tenant {me.acting_tenant_id} at {client.url}")
    output.line(f"may {', '.join(sorted(me.permissions)) or 'do nothing'}")


def list_tenants(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints tenants."""
    output.table(client.tenants.list(), TENANT)


def create_tenant(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Makes a tenant."""
    output.one(client.tenants.create(arguments.id, arguments.name))


def rotate_key(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Asks for a new version of a tenant's key."""
    output.one(client.tenants.rotate_key(arguments.id))


def purge_tenant(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Asks for a purge, or confirms it as the second person."""
    output.one(client.tenants.purge(arguments.id, arguments.confirm))


def list_keys(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints keys."""
    output.table(client.keys.list(), KEY)


def create_key(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints a new key's text, alone on standard output."""
    key = client.keys.create(arguments.principal, arguments.scope)
    output.note(f"key {key.key_id} of {key.principal_id}; it is not shown again")
    if output.as_json:
        output.one(key)
    else:
        print(key.key)


def revoke_key(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Revokes a key."""
    output.one(client.keys.revoke(arguments.key))


def list_approvals(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints approvals."""
    status = None if arguments.status == "all" else arguments.status
    output.table(client.approvals.list(status=status), APPROVAL)


def show_approval(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one approval."""
    output.one(client.approvals.get(arguments.approval))


def approve(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Approves."""
    return _decide(client, arguments, output, client.approvals.approve)


def reject(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Rejects."""
    return _decide(client, arguments, output, client.approvals.reject)


def _decide(client: Client, arguments: argparse.Namespace, output: Output, decide: Any) -> int:
    approval = client.approvals.get(arguments.approval)
    if arguments.digest and arguments.digest != approval.evidence_digest:
        output.note(f"the evidence is {approval.evidence_digest} now, not {arguments.digest}; nothing was decided")
        return 1
    output.one(decide(approval, arguments.comment))
    return 0


def list_audit(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints audit records."""
    output.table(client.audit.list(limit=arguments.limit), RECORD)


def verify_audit(client: Client, _: argparse.Namespace, output: Output) -> int:
    """Verifies the chain."""
    result = client.audit.verify()
    if output.as_json:
        output.one(result)
    elif result.valid:
        output.line(f"{result.records} records intact; head {result.head_hash}")
    elif result.broken:
        output.line(f"broken at record {result.broken.seq}: {result.broken.reason}")
    return 0 if result.valid else 1
