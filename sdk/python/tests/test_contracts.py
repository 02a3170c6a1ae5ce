"""The client asks for what the contracts offer: operations are compared with the printed OpenAPI documents."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SDK = Path(__file__).parents[1] / "src" / "myriad"
PRINTED = Path(__file__).parents[3] / "contracts" / "printed"

#: Operations that the client leaves to others: token checks, signing keys, the direct upload of small clients, health,
#: logins, which the command and the workbench do, and what clients of the Open Inference Protocol ask of its servers.
NOT_OFFERED = {
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/v1/signing-keys/rotate"),
    ("PUT", "/v1/datasets/{}/content"),
    ("GET", "/v1/login/providers"),
    ("GET", "/v1/login/providers/{}"),
    ("POST", "/v1/login/oidc/start"),
    ("POST", "/v1/login/oidc/finish"),
    ("POST", "/v1/login/oidc/exchange"),
    ("POST", "/v1/login/refresh"),
    ("POST", "/v1/login/logout"),
    ("GET", "/v2"),
    ("GET", "/v2/health/live"),
    ("GET", "/v2/health/ready"),
    ("GET", "/v2/models/{}/versions/{}/ready"),
    ("GET", "/v2/models/{}/config"),
    ("GET", "/v2/models/{}/versions/{}/config"),
    ("GET", "/v2/models/{}/stats"),
    ("GET", "/v2/models/{}/versions/{}/stats"),
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/{}/load"),
    ("POST", "/v2/repository/models/{}/unload"),
    ("GET", "/v2/trace/setting"),
    ("POST", "/v2/trace/setting"),
    ("GET", "/v2/logging"),
    ("POST", "/v2/logging"),
}


def printed_operations() -> set[tuple[str, str]]:
    found = set()
    for file in PRINTED.glob("*.openapi.yaml"):
        path = ""
        for line in file.read_text().splitlines():
            if match := re.fullmatch(r"  (/\S*):", line):
                path = re.sub(r"\{[^}]*\}", "{}", match.group(1))
                # one route a service; the client fills the service's name in
                path = re.sub(r"^/v1/operations/(?!gateway)[a-z]+", "/v1/operations/{}", path)
            elif match := re.fullmatch(r"    (get|post|put|patch|delete):", line):
                found.add((match.group(1).upper(), path))
    # MLflow's calls are for MLflow's own client
    return {(method, path) for method, path in found if not path.startswith("/api/")}


def client_operations() -> set[tuple[str, str]]:
    found = set()
    for file in (SDK / "resources").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
                found |= operations_of(node.func.attr, node.args)
    return found


_METHODS = {"_get", "_pages", "_send", "request", "events"}


def operations_of(name: str, arguments: list[ast.expr]) -> set[tuple[str, str]]:
    texts = [text for argument in arguments if (text := text_of(argument)) is not None]
    paths = [text for text in texts if text.startswith(("/", "{model}"))]
    method = next((text for text in texts if text in ("GET", "POST", "PUT", "PATCH", "DELETE")), "GET")
    if not paths:
        return set()
    # A model's path is with or without a version.
    forms = ["/v2/models/{}", "/v2/models/{}/versions/{}"] if paths[0].startswith("{model}") else [""]
    return {(method, form + paths[0].removeprefix("{model}")) for form in forms}


def text_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_path":
        return "{model}"
    if isinstance(node, ast.JoinedStr):
        parts = [piece.value if isinstance(piece, ast.FormattedValue) else piece for piece in node.values]
        pieces = [text_of(part) for part in parts]
        return "".join("{}" if piece is None else piece for piece in pieces)
    return None


@pytest.mark.skipif(not PRINTED.exists(), reason="the contracts are beside the SDK in its repository only")
def test_every_operation_of_the_client_is_in_a_contract_and_the_other_way_round() -> None:
    printed, client = printed_operations(), client_operations()
    assert len(client) > 70
    assert client - printed - {("GET", "/v2/models/{}/versions/{}/ready")} == set(), "no service offers these"
    assert printed - client - NOT_OFFERED == set(), "the client lacks these"
