"""Loads a recipe's source without touching the import path, so that its name can clash with no library."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class RecipeError(Exception):
    """The source does not compile, fails on load, or lacks its entry point."""


def load_entry_point(source_path: Path, entry_point: str) -> Callable[..., Any]:
    """Runs the source as a module of its own, named after its digest, and returns its entry point.

    Raises ``RecipeError``, whose cause is what the source itself raised, and ``MemoryError``.
    """
    try:
        source = source_path.read_bytes()
    except OSError as error:
        raise RecipeError(f"the recipe's source can't be read: {error.strerror}") from error
    name = f"_myriad_recipe_{hashlib.sha256(source).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(source_path)
    sys.modules[name] = module  # pickle and dataclasses look their module up by name
    try:
        exec(compile(source, str(source_path), "exec"), module.__dict__)
    except SyntaxError as error:
        raise RecipeError(f"the recipe does not compile: {error.msg} (line {error.lineno})") from error
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        raise RecipeError(f"the recipe fails on load: {type(error).__name__}: {error}") from error
    entry: Callable[..., Any] | None = getattr(module, entry_point, None)
    if entry is None or not callable(entry):
        functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise RecipeError(f"the recipe has no function '{entry_point}'; it has {functions}")
    return entry
