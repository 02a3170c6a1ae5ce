"""Versioned training logic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from myriad.resources.base import Resource, given, part


@dataclass(frozen=True)
class Recipe:
    """One version of a recipe: a Python file, its entry point, and a JSON Schema of its parameters."""

    recipe_id: str
    name: str
    version: int
    source_digest: str
    entry_point: str
    parameter_schema: Mapping[str, Any]
    created_at: datetime


class Recipes(Resource):
    """Adding a recipe needs the acting tenant ``platform``; reading does not."""

    def create(
        self,
        name: str,
        source: str | Path,
        *,
        entry_point: str = "train",
        parameter_schema: Mapping[str, Any] | None = None,
    ) -> Recipe:
        """Adds a recipe, or its next version when the source differs. ``source``: Python text, or a file of it."""
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        body = given(name=name, source=text, entryPoint=entry_point, parameterSchema=parameter_schema)
        return self._send(Recipe, "POST", "/v1/recipes", body)

    def list(self) -> Iterator[Recipe]:
        """The newest version of each."""
        return self._pages(Recipe, "/v1/recipes")

    def get(self, name: str) -> Recipe:
        """The newest version."""
        return self._get(Recipe, f"/v1/recipes/{part(name)}")
