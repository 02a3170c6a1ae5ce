"""Datasets, grants and models."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from myriad.cli.command import Group
from myriad.cli.output import Columns, Output

if TYPE_CHECKING:
    from myriad.client import Client

DATASET: Columns = {
    "Dataset": "name",
    "Version": "latest_version",
    "Classification": "classification",
    "Made": "created_at",
}
DATASET_VERSION: Columns = {
    "Version": "version",
    "Rows": "row_count",
    "Bytes": "size_bytes",
    "Format": "format",
    "Digest": "digest",
    "Committed": "committed_at",
}
GRANT: Columns = {
    "Grant": "grant_id",
    "Dataset": "dataset_name",
    "Principal": "principal_id",
    "Purpose": "purpose",
    "Status": "status",
    "Expires": "expires_at",
}
MODEL: Columns = {
    "Model": "name",
    "Application": "application",
    "Version": "latest_version",
    "Aliases": lambda model: ", ".join(f"{alias} → {version}" for alias, version in model.aliases.items()),
}
MODEL_VERSION: Columns = {
    "Version": "version",
    "Admission": "admission.status",
    "Family": "family",
    "Size": "size_class",
    "Bytes": "size_bytes",
    "Latency µs": "profile.latency_micros_p50",
    "Registered": "registered_at",
    "Reason": lambda version: "; ".join(reason.detail for reason in version.admission.reasons),
}


def register(commands: Any) -> None:
    """Adds ``datasets``, ``grants`` and ``models``."""
    datasets = Group(commands, "datasets", "Datasets of the acting tenant")
    datasets.add("list", list_datasets, "All datasets")
    datasets.add("versions", list_versions, "Versions, newest first").add_argument("name")
    upload = datasets.add("upload", upload_dataset, "Upload a CSV or Parquet file as the next version")
    upload.add_argument("name")
    upload.add_argument("file")
    upload.add_argument("--format", choices=["csv", "parquet"])
    upload.add_argument("--description", default="")
    upload.add_argument(
        "--classification", default="internal", choices=["public", "internal", "confidential", "restricted"]
    )
    download = datasets.add("download", download_dataset, "Download a version")
    download.add_argument("name")
    download.add_argument("file")
    download.add_argument("--version", type=int, help="default: the newest")

    grants = Group(commands, "grants", "Rights to use a dataset of the acting tenant")
    grants.add("list", list_grants, "All grants")
    request = grants.add("request", request_grant, "Ask for the use of a dataset; someone else decides")
    request.add_argument("dataset")
    request.add_argument("--purpose", default="training", choices=["training", "evaluation", "batch"])
    request.add_argument("--justification", required=True)
    request.add_argument("--hours", type=int, default=720)
    grants.add("revoke", revoke_grant, "End a grant now").add_argument("grant")

    models = Group(commands, "models", "Models of the acting tenant")
    models.add("list", list_models, "All models").add_argument("--application")
    models.add("versions", list_model_versions, "Versions, newest first").add_argument("name")
    show = models.add("show", show_model_version, "One version: admission, signature, profile, lineage")
    show.add_argument("name")
    show.add_argument("version", type=int)
    add = models.add("register", register_model, "Register an ONNX file as the next version, and wait for admission")
    add.add_argument("name")
    add.add_argument("file")
    add.add_argument("--parity", help="JSON file of recorded inputs and outputs")
    add.add_argument("--application")


def list_datasets(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints datasets."""
    output.table(client.datasets.list(), DATASET)


def list_versions(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints versions of a dataset."""
    output.table(client.datasets.versions(arguments.name), DATASET_VERSION)


def upload_dataset(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Uploads a file."""
    version = client.datasets.upload(
        arguments.name,
        arguments.file,
        format=arguments.format,
        description=arguments.description,
        classification=arguments.classification,
    )
    if output.as_json:
        output.one(version)
    else:
        output.line(f"{version.dataset_name} version {version.version}: {version.row_count:,} rows, {version.digest}")


def download_dataset(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Downloads a version."""
    size = client.datasets.download(arguments.name, arguments.file, arguments.version)
    output.line(f"{size:,} bytes in {arguments.file}")


def list_grants(client: Client, _: argparse.Namespace, output: Output) -> None:
    """Prints grants."""
    output.table(client.grants.list(), GRANT)


def request_grant(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Asks for a grant."""
    output.one(
        client.grants.request(
            arguments.dataset, arguments.purpose, arguments.justification, expires_in_hours=arguments.hours
        )
    )


def revoke_grant(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Revokes a grant."""
    output.one(client.grants.revoke(arguments.grant))


def list_models(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints models."""
    output.table(client.models.list(arguments.application), MODEL)


def list_model_versions(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints versions of a model."""
    output.table(client.models.versions(arguments.name), MODEL_VERSION)


def show_model_version(client: Client, arguments: argparse.Namespace, output: Output) -> None:
    """Prints one version."""
    output.one(client.models.version(arguments.name, arguments.version))


def register_model(client: Client, arguments: argparse.Namespace, output: Output) -> int:
    """Registers a file; exits 1 when it was refused."""
    made = client.models.register(
        arguments.name, arguments.file, parity=arguments.parity, application=arguments.application
    )
    checked = client.models.wait_checked(made.model_name, made.version)
    output.one(checked)
    return 1 if checked.admission.status == "rejected" else 0
