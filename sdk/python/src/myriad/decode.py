"""From JSON to dataclasses and back: ``camelCase`` members to ``snake_case`` fields, timestamps to ``datetime``.

Members that a dataclass does not know are left out, so an older client reads a newer platform.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: Any) -> T:
    """Makes a ``kind`` of decoded JSON. Raises ``TypeError`` when a field without a default is absent."""
    result: T = _decode(kind, value)
    return result


def camel(name: str) -> str:
    """``dataset_name`` → ``datasetName``; the underscore goes that keeps ``from_`` apart from the keyword."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name.removesuffix("_"))


def encode(value: Any) -> Any:
    """The way back: dataclasses to JSON objects with ``camelCase`` members, ``datetime`` to text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(field.name): encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def _decode(kind: Any, value: Any) -> Any:
    if value is None or kind is Any:
        return value
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        members = {name: _decode(hint, value[key]) for name, key, hint in _fields(kind) if key in value}
        return kind(**members)
    if kind is datetime:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return _decode(options[0], value) if len(options) == 1 else value
    if origin in (list, tuple, Sequence):
        return tuple(_decode(get_args(kind)[0], item) for item in value)
    if origin in (dict, Mapping):
        return {key: _decode(get_args(kind)[1], item) for key, item in value.items()}
    return value


@cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, camel(field.name), hints[field.name]) for field in dataclasses.fields(kind))
