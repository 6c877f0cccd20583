"""Conversion of any Python value to a valid OpenTelemetry attribute value, or to None if there is none.

The returned values are safe on every supported SDK: exact built-in types only, no NaN, no integer outside
64 bits (protobuf rejects it and the whole batch is lost), no lone surrogate (it cannot be encoded as UTF-8,
so the attribute would be lost). No code of a value's class is run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from uuid import UUID

from langspan._reading import as_dict, as_list, is_exactly, is_numpy, is_text, stored

AttributeValue: TypeAlias = (
    str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]
)
Attributes: TypeAlias = dict[str, AttributeValue]

INT64_MAX: Final = 2**63 - 1
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_PLAIN_TYPES: Final = (str, bytes, bool, int, float, dict, list, tuple, type(None))


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a dictionary or a proxy of one; of a subclass a copy. Any other value: an empty mapping."""
    if type(value) is dict:
        return value
    if value is None:
        return EMPTY
    found = as_dict(value)
    return EMPTY if found is None else found


def is_present(value: object) -> bool:
    """Return whether a value is neither None nor empty nor 0.

    Only plain built-in values are tested for truth. Any other object counts as present, because its
    `__bool__` may raise, as that of arrays does.
    """
    if value is None or type(value) is str:  # the common cases, without a further call
        return bool(value)
    return not is_exactly(value, _PLAIN_TYPES) or bool(value)


def valid_utf8(text: str) -> str:
    """Return the text as an exact `str` that encodes as UTF-8; lone surrogates become U+FFFD."""
    if type(text) is not str:
        text = str.__str__(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def as_str(value: Any) -> str | None:
    """Return a non-empty string, or None. A member of a string enum becomes its value."""
    if type(value) is str and value.isascii():  # the common case, without further calls
        return value or None
    if value is None or not issubclass(type(value), str):
        return None
    return valid_utf8(value) or None


def as_model(value: object) -> str | None:
    """Return a model's name; None for a URL that may contain a password or a key."""
    name = value if type(value) is str else as_str(value)
    return _model(name) if name else None


@lru_cache(maxsize=256)  # a process calls few models, each many times
def _model(name: str) -> str | None:
    text = valid_utf8(name)
    if "://" in text and any(mark in text for mark in "@?#"):
        return None
    return text.removeprefix("models/")


def as_id(value: object) -> str | None:
    """Return a string, an integer or a UUID as a string; None for anything else."""
    if value is None:
        return None
    if is_text(value):
        return as_str(value)
    if issubclass(type(value), UUID):
        return uuid_text(value)
    number = as_int(value)
    return None if number is None else str(number)


def uuid_text(value: object) -> str | None:
    """Return the text of a UUID; None if a subclass keeps its number in a place of its own."""
    number = stored(value, "int")
    return str(UUID(int=number)) if type(number) is int else None


def as_int(value: Any) -> int | None:
    """Return a 64-bit integer or None. Whole fractions are converted; bools are not accepted."""
    if value is None:
        return None
    if type(value) is not int:
        number = as_number(value)
        if type(number) is float:
            whole = math.isfinite(number) and number == math.floor(number)
            value = int(number) if whole else None
        else:
            value = number
    if value is None:
        return None
    return value if -INT64_MAX - 1 <= value <= INT64_MAX else None


def as_count(value: object) -> int | None:
    """Return a non-negative 64-bit integer, or None."""
    if type(value) is int and 0 <= value <= INT64_MAX:
        return value
    number = as_int(value)
    return number if number is not None and number >= 0 else None


def as_float(value: object) -> float | None:
    """Return a finite float or None. Other numbers are converted; bools are not accepted."""
    if value is None:
        return None
    if type(value) is not float:
        number = as_number(value)
        if number is None or (type(number) is int and not -INT64_MAX <= number <= INT64_MAX):
            return None
        value = float(number)
    return value if math.isfinite(value) else None


def as_number(value: Any) -> float | None:
    """Return a number of Python, of NumPy or of the standard library as an exact int or float, else None.

    Bools are no numbers here. Zero-dimensional arrays are not read: their data may be on another device.
    """
    kind = type(value)
    if issubclass(kind, int):
        return None if kind is bool else int.__int__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    try:
        return _of_library(value)
    except (OverflowError, ValueError):  # beyond any float, or a signalling NaN
        return None


def _of_library(value: Any) -> float | None:
    if issubclass(type(value), Decimal):
        return Decimal.__float__(value)
    if type(value) is Fraction or is_numpy(value, "floating"):
        return float(value)
    return int(value) if is_numpy(value, "integer") and not is_numpy(value, "timedelta64") else None


def as_strings(value: object) -> list[str] | None:
    """Return one string, or the strings in a list or tuple, as a non-empty list; None if there is none."""
    if is_text(value):
        text = valid_utf8(value)
        return [text] if text else None
    texts = [valid_utf8(item) for item in as_list(value) or () if is_text(item)]
    return [text for text in texts if text] or None
