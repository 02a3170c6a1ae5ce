"""Use cases that many tenants share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class ApplicationFeature:
    """One input column; ``kind`` is ``numeric`` or ``categorical``."""

    name: str
    kind: str
    required: bool = True

    def body(self) -> dict[str, Any]:
        """Its JSON form."""
        return {"name": self.name, "kind": self.kind, "required": self.required}


@dataclass(frozen=True)
class Application:
    """Input columns, label, and the recipe and suite that its fleet runs and evaluations take."""

    application_id: str
    name: str
    task: str
    features: Sequence[ApplicationFeature]
    label: str
    recipe: str | None
    suite: str | None
    generation: int
    created_at: datetime


class Applications(Resource):
    """Making and changing applications needs the acting tenant ``platform``; reading does not."""

    def create(
        self,
        name: str,
        features: Sequence[ApplicationFeature | Mapping[str, Any]],
        label: str,
        *,
        task: str = "binary-classification",
        recipe: str | None = None,
        suite: str | None = None,
    ) -> Application:
        """Describes a use case. Problem ``registry.application_exists`` when there is one of that name."""
        columns = [item.body() if isinstance(item, ApplicationFeature) else dict(item) for item in features]
        body = {"name": name, "task": task, "features": columns, "label": label, "recipe": recipe, "suite": suite}
        return self._send(Application, "POST", "/v1/applications", body)

    def list(self) -> Iterator[Application]:
        """Every application of the platform."""
        return self._pages(Application, "/v1/applications")

    def get(self, name: str) -> Application:
        """One application."""
        return self._get(Application, f"/v1/applications/{part(name)}")

    def update(self, name: str, *, recipe: str | None = None, suite: str | None = None) -> Application:
        """Changes its recipe or suite; ``None`` keeps what is set."""
        return self._send(Application, "PATCH", f"/v1/applications/{part(name)}", given(recipe=recipe, suite=suite))
