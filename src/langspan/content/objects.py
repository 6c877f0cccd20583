"""What can be read from an object without running its code: a scalar, stored fields, or its type's name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import types
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

_MASK: Final = "**********"
# An object with one of these methods is a service (model, tool, client); its fields are settings and keys.
_SERVICE_METHODS: Final = ("invoke", "ainvoke", "embed_query", "similarity_search", "__enter__", "__aenter__")

Fields: TypeAlias = Mapping[str, Any]


def scalar(value: Any) -> Any:
    """Return a string or number that represents the value, or None if there is none."""
    for kinds, convert in _SCALARS:
        if isinstance(value, kinds):
            return convert(value)
    if hasattr(type(value), "get_secret_value"):
        return _MASK
    return _array_scalar(value)


def fields(value: Any, kind: type) -> Fields | None:
    """Return an object's stored fields, except those its class hides; None if it has none to show."""
    if any(hasattr(kind, mark) for mark in _SERVICE_METHODS):
        return None
    for read in (_pydantic, _dataclass, _named_tuple, _attrs, _array, _langgraph):
        found = read(value, kind)
        if found is not None:
            return found
    return None


def type_name(kind: Any) -> str:
    """Return the name of a class, function or module as `<module.Name>`."""
    name = getattr(kind, "__qualname__", None) or getattr(kind, "__name__", None)
    module = getattr(kind, "__module__", None)
    return f"<{name}>" if module in (None, "builtins") else f"<{module}.{name}>"


def _enum(value: enum.Enum) -> Any:
    return value.value if isinstance(value.value, str | int | float) else value.name


def _error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


_SCALARS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...]] = (
    (enum.Enum, _enum),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    ((dt.date, dt.time), lambda moment: moment.isoformat()),  # a datetime is a date
    ((uuid.UUID, decimal.Decimal, fractions.Fraction, pathlib.PurePath, dt.timedelta, complex, range), str),
    (BaseException, _error),
    ((type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType), type_name),
)


def _pydantic(value: Any, kind: type) -> Fields | None:
    """Return the stored fields of a pydantic model (v1 or v2), without running a serializer."""
    name = "model_fields" if hasattr(kind, "__pydantic_core_schema__") else "__fields__"
    declared = getattr(kind, name, None)
    if not isinstance(declared, Mapping):
        return None
    stored = object.__getattribute__(value, "__dict__")
    shown = {name: item for name, item in stored.items() if _is_shown(declared.get(name))}
    extra = getattr(value, "__pydantic_extra__", None)
    return shown | extra if isinstance(extra, dict) else shown


def _is_shown(field: Any) -> bool:
    info = getattr(field, "field_info", field)
    return getattr(info, "exclude", None) is not True and getattr(info, "repr", True) is not False


def _dataclass(value: Any, kind: type) -> Fields | None:
    if not dataclasses.is_dataclass(kind):
        return None
    return _stored(value, [field.name for field in dataclasses.fields(kind) if field.repr])


def _named_tuple(value: Any, kind: type) -> Fields | None:
    names = getattr(kind, "_fields", None)
    if not isinstance(value, tuple) or not isinstance(names, tuple):
        return None
    return dict(zip(names, tuple.__iter__(value), strict=False))


def _attrs(value: Any, kind: type) -> Fields | None:
    declared = getattr(kind, "__attrs_attrs__", None)
    if not isinstance(declared, tuple):
        return None
    return _stored(value, [attribute.name for attribute in declared if attribute.repr])


def _array(value: Any, kind: type) -> Fields | None:
    """Return type, shape and dtype of a NumPy-like array, never its elements."""
    if not (hasattr(kind, "dtype") and hasattr(kind, "shape")):
        return None
    return {"type": type_name(kind), "shape": list(value.shape), "dtype": str(value.dtype)}


def _array_scalar(value: Any) -> Any:
    kind = type(value)
    if not (hasattr(kind, "dtype") and hasattr(kind, "item")) or getattr(value, "shape", None) != ():
        return None
    item = value.item()
    return item if isinstance(item, str | int | float) else None


def _langgraph(value: Any, kind: type) -> Fields | None:
    """Return the slots of a LangGraph object, such as `Send`."""
    if not kind.__module__.startswith("langgraph."):
        return None
    slots = [name for name in getattr(kind, "__slots__", ()) if not name.startswith("_")]
    return _stored(value, slots) or None


def _stored(value: Any, names: list[str]) -> Fields:
    found = {name: getattr(value, name, None) for name in names}
    return {name: item for name, item in found.items() if item is not None and item != ()}
