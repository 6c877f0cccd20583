"""Values that are shown as one string or number: enums, dates, paths, exceptions, numbers of NumPy."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import types
import uuid
from collections.abc import Callable
from typing import Any, Final

from langspan._reading import (
    bases,
    class_attribute,
    class_module,
    class_name,
    fields_of,
    is_exactly,
    is_numpy,
    is_text,
    own_attributes,
    stored,
)
from langspan._values import INT64_MAX, as_number, uuid_text
from langspan.content.objects import type_name

_NOT_IN_JSON: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}
_MAX_INT_BITS: Final = 1024
_MASK: Final = "**********"
_PLAIN: Final = (str, int, float, bool, bytes, type(None))
# Written in Python and made to be inherited from, so that only these very classes are known to do no more.
_EXACT: Final = (
    fractions.Fraction,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.PosixPath,
    pathlib.WindowsPath,
)
# Modules of time zones; any other may do whatever it likes to find out an offset.
_TIME_ZONES: Final = ("builtins", "datetime", "zoneinfo", "pytz", "dateutil")
_FUNCTIONS: Final = (types.FunctionType, types.BuiltinFunctionType)
_TEXTS_OF_NUMPY: Final = ("datetime64", "timedelta64", "complexfloating")
_IS_PYTHON_CLASS: Final = 1 << 9  # the interpreter's flag of classes that are not part of it
_flags: Final[Callable[[type], int]] = type.__dict__["__flags__"].__get__


def plain_number(value: float) -> Any:
    """Return a number of JSON, or a string for one that JSON cannot represent."""
    if type(value) is float:
        return value if math.isfinite(value) else _NOT_IN_JSON.get(value, "NaN")
    if -INT64_MAX <= value <= INT64_MAX:
        return value
    bits = int(value).bit_length()
    return str(value) if bits <= _MAX_INT_BITS else f"[integer of {bits} bits]"


def scalar(value: Any) -> Any:
    """Return a string or number that represents the value, or None if there is none."""
    kind = type(value)
    for base, convert in _SCALARS:
        if issubclass(kind, base):
            return convert(value)
    if is_exactly(value, _EXACT):
        return str(value)
    if class_attribute(kind, "get_secret_value") is not None:
        return _MASK
    return _of_numpy(value)


def _enum(member: Any) -> Any:
    value = stored(member, "_value_")
    return value if issubclass(type(value), (str, int, float)) else stored(member, "_name_")


def _datetime(moment: dt.datetime) -> str:
    if _has_known_zone(dt.datetime.tzinfo.__get__(moment)):
        return dt.datetime.isoformat(moment)
    return dt.datetime.combine(dt.datetime.date(moment), dt.datetime.time(moment)).isoformat()


def _time(moment: dt.time) -> str:
    if _has_known_zone(dt.time.tzinfo.__get__(moment)):
        return dt.time.isoformat(moment)
    parts = (class_attribute(dt.time, name) for name in ("hour", "minute", "second", "microsecond"))
    return dt.time(*(part.__get__(moment) for part in parts)).isoformat()


def _has_known_zone(zone: object) -> bool:
    return class_module(type(zone)).partition(".")[0] in _TIME_ZONES


def _error(error: BaseException) -> str:
    """Return an exception's class and text; of a class that writes the text itself, the first argument."""
    name, arguments = class_name(type(error)), BaseException.args.__get__(error)  # type: ignore[attr-defined]
    parts = (*arguments, stored(error, "filename"), stored(error, "filename2"))
    if _is_built_in(type(error), "__str__") and all(is_exactly(part, _PLAIN) for part in parts):
        return f"{name}: {str(error)}"  # noqa: RUF010 - to format it would run a method of its class
    text = next((str.__str__(part) for part in arguments if is_text(part)), None)
    return name if text is None else f"{name}: {text}"


def _is_built_in(kind: type, method: str) -> bool:
    """Return whether a class has a method from a class that is part of the interpreter."""
    owner = next(cls for cls in bases(kind) if method in own_attributes(cls))
    return not _flags(owner) & _IS_PYTHON_CLASS


def _function(value: Any) -> str:
    """Return the name of a function or method as `<module.name>`."""
    if type(value) is types.MethodType:
        value = value.__func__
    if not is_exactly(value, _FUNCTIONS):
        return type_name(type(value))
    module = value.__module__
    return f"<{module}.{value.__qualname__}>" if type(module) is str else f"<{value.__qualname__}>"


def _module(module: types.ModuleType) -> str:
    name = fields_of(module).get("__name__")
    return f"<{name}>" if type(name) is str else type_name(type(module))


def _of_numpy(value: Any) -> Any:
    if not is_numpy(value, "generic"):
        return None
    if is_numpy(value, "bool_"):
        return bool(value)
    number = as_number(value)
    if number is not None:
        return number
    return str(value) if any(is_numpy(value, name) for name in _TEXTS_OF_NUMPY) else None


_SCALARS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (enum.Enum, _enum),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (dt.datetime, _datetime),
    (dt.date, dt.date.isoformat),
    (dt.time, _time),
    (dt.timedelta, dt.timedelta.__str__),
    (uuid.UUID, uuid_text),
    (decimal.Decimal, decimal.Decimal.__str__),
    (complex, complex.__repr__),
    (range, str),
    (BaseException, _error),
    (type, type_name),
    ((*_FUNCTIONS, types.MethodType), _function),
    (types.ModuleType, _module),
)
