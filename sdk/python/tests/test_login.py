"""Single sign-on of the command: the device flow, renewal, logout."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_gateway import Answer, FakeGateway, Request, problem
from test_cli import ME

from myriad.cli import login
from myriad.cli.device_flow import DeviceFlow
from myriad.cli.main import main
from myriad.errors import MyriadError


def at(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def given(number: int, seconds: float = 900, **more: Any) -> dict[str, Any]:
    return {
        "principalId": "usr_1",
        "tenantId": "aa",
        "accessToken": f"access-{number}",
        "expiresAt": at(seconds),
        "refreshToken": f"mrt_{number}",
        "sessionExpiresAt": at(28_800),
        **more,
    }


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("MYRIAD_URL", "MYRIAD_API_KEY", "MYRIAD_TENANT", "MYRIAD_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "myriad" / "config.json"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    real = DeviceFlow.__init__

    def init(self: DeviceFlow, *args: Any, **more: Any) -> None:
        real(self, *args, sleep=pauses.append, now=lambda: sum(pauses), **more)

    monkeypatch.setattr(DeviceFlow, "__init__", init)
    return pauses


@pytest.fixture
def provider(gateway: FakeGateway) -> FakeGateway:
    """The gateway and the provider behind one door, which is all the same to the command."""
    metadata = {
        "issuer": gateway.url,
        "device_authorization_endpoint": f"{gateway.url}/device",
        "token_endpoint": f"{gateway.url}/token",
    }
    gateway.on("GET", "/.well-known/openid-configuration", Answer(body=metadata))
    granted = {
        "device_code": "dc",
        "user_code": "ABCD-\u001b[1mEFGH",
        "verification_uri": "https://id.example/device",
        "expires_in": 600,
        "interval": 2,
    }
    gateway.on("POST", "/device", Answer(body=granted))
    corp = {"provider": "corp", "name": "Corp", "issuer": gateway.url}
    corp["device"] = {"clientId": "cli", "scope": "openid profile"}  # type: ignore[assignment]
    gateway.on("GET", "/v1/login/providers", Answer(body={"items": [corp]}))
    gateway.on("GET", "/v1/login/providers/corp", Answer(body=corp))
    gateway.on("POST", "/v1/login/oidc/exchange", Answer(201, given(1)))
    return gateway


def refusal(error: str) -> Answer:
    return Answer(400, {"error": error})


def test_the_device_flow_waits_as_it_is_told_and_stores_tokens_for_nobody_else(
    provider: FakeGateway, slept: list[float], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.on(
        "POST",
        "/token",
        refusal("authorization_pending"),
        refusal("slow_down"),
        Answer(503),
        Answer(drop=True),
        Answer(body={"id_token": "the-id-token"}),
    )
    assert main(["--url", provider.url, "login", "--sso"]) == 0
    assert slept == [2, 2, 7, 14, 28]
    assert provider.requests("/device")[0].content == b"client_id=cli&scope=openid+profile"
    assert b"device_code=dc" in provider.requests("/token")[0].content
    assert provider.requests("/v1/login/oidc/exchange")[0].body == {"provider": "corp", "idToken": "the-id-token"}
    assert stat.S_IMODE(home.stat().st_mode) == 0o600
    printed = "".join(capsys.readouterr())
    assert "https://id.example/device" in printed
    assert "ABCD-[1mEFGH" in printed and "\u001b" not in printed
    for secret in ("access-1", "mrt_1", "the-id-token"):
        assert secret not in printed

    provider.on("GET", "/v1/principals/me", Answer(body=ME))
    assert main(["whoami"]) == 0
    assert provider.seen[-1].headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([refusal("access_denied")], "refused at the provider"),
        ([refusal("expired_token")], "nobody logged in in time"),
        ([refusal("authorization_pending")], "nobody logged in in time"),
        ([refusal("invalid_client")], "invalid_client"),
        ([Answer(body={"access_token": "only"})], "no ID token"),
    ],
)
def test_a_login_that_fails_says_why_and_stores_nothing(
    provider: FakeGateway,
    slept: list[float],
    home: Path,
    capsys: pytest.CaptureFixture[str],
    answers: list[Answer],
    words: str,
) -> None:
    provider.on("POST", "/token", *answers)
    assert main(["--url", provider.url, "login", "--provider", "corp"]) == 1
    assert words in capsys.readouterr().err
    assert not home.exists()
    assert sum(slept) <= 600


def test_an_issuer_is_taken_at_its_word_and_over_https_only(provider: FakeGateway) -> None:
    provider.on("GET", "/.well-known/openid-configuration", Answer(body={"issuer": "https://other.example"}))
    with httpx.Client() as http:
        with pytest.raises(MyriadError, match="another issuer"):
            DeviceFlow(http, provider.url, "cli", "openid").run(lambda *_: None)
        with pytest.raises(MyriadError, match="not https"):
            DeviceFlow(http, "http://id.example", "cli", "openid").run(lambda *_: None)


def store(home: Path, url: str, login_given: dict[str, Any]) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    members = {"url": url, "accessToken": login_given["accessToken"], "refreshToken": login_given["refreshToken"]}
    home.write_text(json.dumps({**members, "tokenExpiresAt": login_given["expiresAt"]}))


def test_a_token_is_renewed_in_time_and_once_for_all_processes(gateway: FakeGateway, home: Path) -> None:
    store(home, gateway.url, given(1, seconds=30))
    gateway.on("GET", "/v1/principals/me", Answer(body=ME))
    gateway.on("POST", "/v1/login/refresh", Answer(body=given(2)))
    assert main(["whoami"]) == 0
    assert gateway.seen[-1].headers["authorization"] == "Bearer access-2"
    assert gateway.requests("/v1/login/refresh")[0].body == {"refreshToken": "mrt_1"}
    assert main(["whoami"]) == 0
    assert len(gateway.requests("/v1/login/refresh")) == 1
    assert json.loads(home.read_text())["refreshToken"] == "mrt_2"

    def other_process(_: Request) -> Answer:
        answer = given(3)
        answer.pop("refreshToken")
        return Answer(body=answer)

    store(home, gateway.url, given(2, seconds=30))
    gateway.on("POST", "/v1/login/refresh", other_process)
    assert main(["whoami"]) == 0
    assert json.loads(home.read_text())["refreshToken"] == "mrt_2"


def test_a_login_that_is_over_says_how_to_begin_again(
    gateway: FakeGateway, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, gateway.url, given(1, seconds=-5))
    gateway.on("POST", "/v1/login/refresh", problem(401, "auth.refresh_token_invalid"))
    assert main(["whoami"]) == 1
    assert "run `myriad login --sso`" in capsys.readouterr().err


def test_logout_ends_the_login_here_and_there(
    gateway: FakeGateway, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, gateway.url, given(1))
    gateway.on("POST", "/v1/login/logout", Answer(204))
    assert main(["logout"]) == 0
    assert gateway.requests("/v1/login/logout")[0].body == {"refreshToken": "mrt_1"}
    assert not home.exists()
    assert main(["logout"]) == 0

    store(home, "http://127.0.0.1:1", given(1))
    assert main(["logout"]) == 0
    assert "ends by itself" in capsys.readouterr().err
    assert not home.exists()


def test_the_lock_is_beside_the_configuration(home: Path) -> None:
    with login._exclusively():
        assert (home.parent / "login.lock").exists()
