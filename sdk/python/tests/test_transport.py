"""What every request has in common: headers, retries, problems, paging."""

from __future__ import annotations

import socket

import pytest
from fake_gateway import Answer, FakeGateway, problem

from myriad import Client, MyriadProblem, MyriadUnavailable
from myriad.transport import RetryPolicy

TENANT = {
    "tenantId": "aa",
    "displayName": "American",
    "status": "active",
    "rateLimit": {"requestsPerSecond": 50, "burst": 100},
    "createdAt": "2026-01-31T12:00:00.000Z",
    "addedLater": "a member this client does not know",
}


def test_who_asks_and_where_goes_in_headers(gateway: FakeGateway, client: Client) -> None:
    gateway.on("GET", "/v1/tenants/aa", Answer(body=TENANT))
    tenant = client.acting_in("platform", "engineering").tenants.get("aa")
    client.tenants.get("aa")
    acting, plain = gateway.seen
    assert acting.headers["authorization"] == "Bearer myr_abcdefgh_secret"
    assert (acting.headers["x-myriad-tenant"], acting.headers["x-myriad-environment"]) == ("platform", "engineering")
    assert "x-myriad-tenant" not in plain.headers
    assert (tenant.display_name, tenant.rate_limit.requests_per_second) == ("American", 50)
    assert tenant.created_at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]


def test_a_refusal_is_a_problem_with_code_faults_and_request_id(gateway: FakeGateway, client: Client) -> None:
    faults = [{"pointer": "/displayName", "detail": "was empty; 1 to 200 characters are allowed"}]
    gateway.on("POST", "/v1/tenants", problem(400, "http.invalid", "the body is wrong", errors=faults, requestId="r1"))
    with pytest.raises(MyriadProblem) as caught:
        client.tenants.create("aa", "")
    error = caught.value
    assert (error.status, error.code, error.request_id) == (400, "http.invalid", "r1")
    assert (error.errors[0].pointer, error.errors[0].detail) == tuple(faults[0].values())
    assert str(error) == "http.invalid (HTTP 400): the body is wrong"
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", "", None, [1]])
def test_a_refusal_that_is_no_problem_document_still_is_a_problem(
    gateway: FakeGateway, client: Client, body: object
) -> None:
    gateway.on("GET", "/v1/tenants/aa", Answer(502, body, {"x-request-id": "r2"}))
    with pytest.raises(MyriadProblem) as caught:
        client.tenants.get("aa")
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (502, "http.502", "r2")


def test_rate_limits_are_waited_out_as_the_server_says(gateway: FakeGateway, client: Client) -> None:
    gateway.on(
        "GET",
        "/v1/tenants/aa",
        problem(429, "gateway.rate_limited", retry_after=3),
        problem(503, "gateway.starting", retry_after=999),
        problem(503, "gateway.starting"),
        Answer(body=TENANT),
    )
    assert client.tenants.get("aa").tenant_id == "aa"
    first, second, third = client.slept  # type: ignore[attr-defined]
    assert (first, second) == (3, 30) and 0 <= third <= 0.8


def test_a_post_is_sent_again_with_the_same_key_after_a_lost_connection(gateway: FakeGateway, client: Client) -> None:
    gateway.on(
        "POST",
        "/v1/tenants",
        Answer(drop=True),
        problem(409, "http.idempotency_in_progress", retry_after=1),
        Answer(201, TENANT),
        Answer(201, TENANT),
    )
    client.tenants.create("aa", "American")
    client.tenants.create("aa", "American")
    keys = [request.headers["idempotency-key"] for request in gateway.seen]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert client.slept[1] == 1  # type: ignore[attr-defined]


def test_a_key_is_never_made_twice(gateway: FakeGateway, client: Client) -> None:
    gateway.on("POST", "/v1/keys", Answer(drop=True))
    with pytest.raises(MyriadUnavailable):
        client.keys.create("svc_1")
    assert len(gateway.seen) == 1 and "idempotency-key" not in gateway.seen[0].headers


def test_other_conflicts_are_not_repeated(gateway: FakeGateway, client: Client) -> None:
    gateway.on("POST", "/v1/tenants", problem(409, "auth.tenant_exists"))
    with pytest.raises(MyriadProblem, match=r"auth\.tenant_exists"):
        client.tenants.create("aa", "American")
    assert len(gateway.seen) == 1


def test_it_gives_up_after_the_last_attempt(gateway: FakeGateway) -> None:
    gateway.on("GET", "/v1/tenants/aa", problem(503, "gateway.down", "later"))
    with Client(gateway.url, "k", retry=RetryPolicy(attempts=3, base_seconds=0)) as client:
        with pytest.raises(MyriadProblem, match="later"):
            client.tenants.get("aa")
    assert len(gateway.seen) == 3


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with Client(url, "k", retry=RetryPolicy(attempts=2, base_seconds=0)) as client:
        with pytest.raises(MyriadUnavailable, match=f"GET {url}/v1/principals/me"):
            client.principals.me()


def test_lists_go_on_from_page_to_page_and_no_further_than_asked(gateway: FakeGateway, client: Client) -> None:
    def page(request: object) -> Answer:
        start = int(request.query.get("pageToken", 0))  # type: ignore[attr-defined]
        items = [{**TENANT, "tenantId": f"t{n}"} for n in range(start, min(start + 2, 5))]
        return Answer(body={"items": items, **({"nextPageToken": str(start + 2)} if start + 2 < 5 else {})})

    gateway.on("GET", "/v1/tenants", page)
    assert [tenant.tenant_id for tenant in client.tenants.list()] == ["t0", "t1", "t2", "t3", "t4"]
    assert [request.query.get("pageToken") for request in gateway.seen] == [None, "2", "4"]
    gateway.seen.clear()
    first = next(client.tenants.list())
    assert first.tenant_id == "t0" and len(gateway.seen) == 1


def test_names_are_escaped_in_paths(gateway: FakeGateway, client: Client) -> None:
    with pytest.raises(MyriadProblem):
        client.models.get("../tenants?x=1#y")
    assert gateway.seen[0].path == "/v1/models/..%2Ftenants%3Fx%3D1%23y"


def test_waits_between_attempts_grow_are_jittered_and_bounded() -> None:
    policy = RetryPolicy(base_seconds=0.2, longest_seconds=5)
    drawn = [[policy.wait_seconds(attempt, None) for _ in range(200)] for attempt in (1, 2, 10)]
    for waits, bound in zip(drawn, (0.2, 0.4, 5.0), strict=True):
        assert 0 <= min(waits) and max(waits) <= bound and len(set(waits)) > 100
    assert policy.wait_seconds(1, "soon") <= 0.2
