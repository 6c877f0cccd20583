"""Conversion of any Python value to a valid OpenTelemetry attribute value, or to None if there is none.

The returned values are safe on every supported SDK: exact built-in types only, no NaN, no integer outside
64 bits (protobuf rejects it and the whole batch is lost), no lone surrogate (it cannot be encoded as UTF-8,
so the attribute would be lost).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

AttributeValue: TypeAlias = (
    str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]
)
Attributes: TypeAlias = dict[str, AttributeValue]

INT64_MAX: Final = 2**63 - 1
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_PLAIN_TYPES: Final = frozenset({str, bytes, bool, int, float, dict, list, tuple, type(None)})


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return the value itself if it is a mapping, otherwise an empty mapping."""
    if value.__class__ is dict:
        return value
    if value is None or not isinstance(value, Mapping):
        return _EMPTY
    return value


def is_present(value: object) -> bool:
    """Return whether a value is neither None nor empty nor 0.

    Only plain built-in values are tested for truth. Any other object counts as present, because its
    `__bool__` may raise, as that of arrays does.
    """
    return type(value) not in _PLAIN_TYPES or bool(value)


def valid_utf8(text: str) -> str:
    """Return the text as an exact `str` that encodes as UTF-8; lone surrogates become U+FFFD."""
    if text.__class__ is not str:
        text = str.__str__(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def as_str(value: object) -> str | None:
    """Return a non-empty string, or None. A member of a string enum becomes its value."""
    if value.__class__ is str and value.isascii():  # the common case, without further calls
        return value or None
    if not isinstance(value, str):
        return None
    return valid_utf8(value.value if isinstance(value, Enum) else value) or None


def as_model(value: object) -> str | None:
    """Return a model's name; None for a URL that may contain a password or a key."""
    name = as_str(value)
    if name is None or ("://" in name and any(mark in name for mark in "@?#")):
        return None
    return name.removeprefix("models/")


def as_id(value: object) -> str | None:
    """Return a string, an integer or a UUID as a string; None for anything else."""
    if isinstance(value, str):
        return as_str(value)
    if isinstance(value, UUID):
        return str(value)
    return None if as_int(value) is None else str(value)


def as_int(value: object) -> int | None:
    """Return a 64-bit integer or None. Whole floats are converted; bools are not accepted."""
    if value.__class__ is not int:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            value = int.__int__(value)
        elif isinstance(value, float) and math.isfinite(value) and value == math.floor(value):
            value = int(float.__float__(value))
        else:
            return None
    return value if -INT64_MAX - 1 <= value <= INT64_MAX else None


def as_count(value: object) -> int | None:
    """Return a non-negative 64-bit integer, or None."""
    if value.__class__ is int and 0 <= value <= INT64_MAX:
        return value
    number = as_int(value)
    return number if number is not None and number >= 0 else None


def as_float(value: object) -> float | None:
    """Return a finite float or None. Integers are converted; bools are not accepted."""
    if value.__class__ is not float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if isinstance(value, int) and not -INT64_MAX <= value <= INT64_MAX:
            return None
        value = float(value)
    return value if math.isfinite(value) else None


def as_strings(value: object) -> list[str] | None:
    """Return one string, or the strings in a list or tuple, as a non-empty list; None if there is none."""
    if isinstance(value, str):
        return [valid_utf8(value)] if value else None
    if isinstance(value, list | tuple):
        return [valid_utf8(item) for item in value if isinstance(item, str) and item] or None
    return None
