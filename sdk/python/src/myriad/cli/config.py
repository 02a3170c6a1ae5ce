"""Where the command finds the platform and its key: the environment first, then ``~/.config/myriad/config.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from myriad.errors import MyriadError


@dataclass(frozen=True)
class Config:
    """What is set; ``None`` where nothing is."""

    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    tenant: str | None = None
    environment: str | None = None
    #: Of a login by single sign-on, when there is no key.
    access_token: str | None = field(default=None, repr=False)
    token_expires_at: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CONFIG_HOME/myriad/config.json``, by default below ``~/.config``."""
    home = environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "myriad" / "config.json"


def load_config(environ: Mapping[str, str] = os.environ) -> Config:
    """From the variables ``MYRIAD_{URL,API_KEY,TENANT,ENVIRONMENT}``, else from the file. Raises ``MyriadError``."""
    path = config_path(environ)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        stored = {}
    except (OSError, ValueError) as error:
        raise MyriadError(f"{path} can't be read: {error}") from error

    def value(variable: str, member: str) -> str | None:
        return environ.get(variable) or stored.get(member) or None

    return Config(
        url=value("MYRIAD_URL", "url"),
        api_key=value("MYRIAD_API_KEY", "apiKey"),
        tenant=value("MYRIAD_TENANT", "tenant"),
        environment=value("MYRIAD_ENVIRONMENT", "environment"),
        access_token=stored.get("accessToken"),
        token_expires_at=stored.get("tokenExpiresAt"),
        refresh_token=stored.get("refreshToken"),
    )


def save_config(config: Config, environ: Mapping[str, str] = os.environ) -> Path:
    """Writes the file so that nobody else can read it, and returns its path."""
    path = config_path(environ)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    members = {
        "url": config.url,
        "apiKey": config.api_key,
        "tenant": config.tenant,
        "environment": config.environment,
        "accessToken": config.access_token,
        "tokenExpiresAt": config.token_expires_at,
        "refreshToken": config.refresh_token,
    }
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump({name: value for name, value in members.items() if value}, file, indent=2)
        file.write("\n")
    partial.replace(path)
    return path
