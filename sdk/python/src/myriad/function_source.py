"""A Python function as a source file of its own, to be run somewhere else."""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

_HEADER = "from __future__ import annotations\n"
_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def source_of(function: Callable[..., Any]) -> str:
    """The function's source with what it uses of its own module in front.

    Goes along: what the module imports, functions and classes that it defines itself, and plain constants.
    Raises ``ValueError`` for a lambda, a method, an inner function, a function whose source is not known, and for a
    global that has no form in source, naming it.
    """
    if not inspect.isfunction(function) or function.__name__ == "<lambda>" or "." in function.__qualname__:
        name = getattr(function, "__qualname__", repr(function))
        raise ValueError(f"'{name}' can't be sent; allowed: a function defined by `def` at the top of a module")
    module = sys.modules.get(function.__module__)
    pieces = _Pieces(function.__globals__, function.__module__, _imports_of(module))
    pieces.add_definition(function)
    return _HEADER + "\n" + "\n\n".join(pieces.sources.values()) + "\n"


class _Pieces:
    """Pieces of source by the name they define; each stands after what it needs when it is defined."""

    def __init__(self, scope: dict[str, Any], home: str, imports: dict[str, str]) -> None:
        self.sources: dict[str, str] = {}
        self._scope = scope
        self._home = home
        self._imports = imports

    def add_definition(self, item: Any) -> None:
        """Adds a function or class, after what it uses."""
        name = item.__name__
        try:
            source = textwrap.dedent(inspect.getsource(item)).rstrip()
        except (OSError, TypeError) as error:
            raise ValueError(f"the source of '{name}' is not known: {error}") from error
        self.sources[name] = ""  # it may use itself, or what uses it
        for needed in dict.fromkeys(_globals_of(source)):
            if needed in self._scope and needed not in self.sources and not hasattr(builtins, needed):
                self._add_global(needed, self._scope[needed], user=name)
        del self.sources[name]
        self.sources[name] = source

    def _add_global(self, name: str, value: Any, user: str) -> None:
        if name in self._imports:
            self.sources[name] = self._imports[name]
        elif isinstance(value, ModuleType):
            self.sources[name] = f"import {value.__name__} as {name}"
        elif inspect.isfunction(value) or inspect.isclass(value):
            if value.__module__ == self._home:
                self.add_definition(value)
            else:
                self.sources[name] = f"from {value.__module__} import {value.__name__} as {name}"
        elif _is_plain(value):
            self.sources[name] = f"{name} = {value!r}"
        else:
            kind = type(value).__name__
            raise ValueError(f"'{user}' uses '{name}', a {kind}, which can't be sent; make it in the function")


def _imports_of(module: ModuleType | None) -> dict[str, str]:
    """The import statement that binds each name at the top of a module; none when its source is not known."""
    try:
        tree = ast.parse(inspect.getsource(module)) if module else None
    except (OSError, TypeError):
        tree = None
    found: dict[str, str] = {}
    for statement in tree.body if tree else ():
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                found[alias.asname or alias.name.split(".")[0]] = ast.unparse(ast.Import([alias]))
        elif isinstance(statement, ast.ImportFrom) and statement.level == 0:
            for alias in statement.names:
                found[alias.asname or alias.name] = ast.unparse(ast.ImportFrom(statement.module, [alias], 0))
    return found


def _globals_of(source: str) -> Iterator[str]:
    """Names that a definition takes from its module, those of its decorators, bases and defaults included."""
    top = symtable.symtable(_HEADER + source, "definition", "exec")
    for symbol in top.get_symbols():
        if symbol.is_referenced():
            yield symbol.get_name()
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_global():
                yield symbol.get_name()


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)
