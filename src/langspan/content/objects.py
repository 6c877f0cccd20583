"""The stored fields of an object, or its type's name: what can be shown of it without running its code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from langspan._reading import (
    as_list,
    class_attribute,
    class_module,
    class_name,
    extra_of,
    fields_of,
    has_any,
    is_base,
    is_text,
    numpy_class,
    stored,
)

# An object with one of these methods is a service (model, tool, client); its fields are settings and keys.
_SERVICE_METHODS: Final = ("invoke", "ainvoke", "embed_query", "similarity_search", "__enter__", "__aenter__")

Fields: TypeAlias = Mapping[str, Any]


def fields(value: Any, kind: type) -> Fields | None:
    """Return an object's stored fields, except those its class hides; None if it has none to show."""
    if has_any(kind, _SERVICE_METHODS):
        return None
    for read in (_pydantic, _dataclass, _named_tuple, _attrs, _array, _langgraph):
        found = read(value, kind)
        if found is not None:
            return found
    return None


def type_name(kind: type) -> str:
    """Return the name of a class as `<module.Name>`."""
    module = class_module(kind)
    return f"<{class_name(kind)}>" if module in ("", "builtins") else f"<{module}.{class_name(kind)}>"


def _pydantic(value: Any, kind: type) -> Fields | None:
    """Return the stored fields of a pydantic model (v1 or v2), without running a serializer."""
    declared = _pydantic_fields(kind)
    if declared is None:
        return None
    shown = {name: item for name, item in fields_of(value).items() if _is_shown(declared.get(name))}
    return {**shown, **extra_of(value)}


def _pydantic_fields(kind: type) -> dict[str, Any] | None:
    """Return what a pydantic class declares; older versions have it under another name."""
    names = ("__pydantic_fields__", "model_fields") if is_base(BaseModel, kind) else ("__fields__",)
    found = (class_attribute(kind, name) for name in names)
    return next((declared for declared in found if type(declared) is dict), None)


def _is_shown(field: Any) -> bool:
    info = stored(field, "field_info")  # of version 1
    info = field if info is None else info
    return stored(info, "exclude") is not True and stored(info, "repr") is not False


def _dataclass(value: Any, kind: type) -> Fields | None:
    declared = class_attribute(kind, "__dataclass_fields__")
    if type(declared) is not dict:
        return None
    return _stored(
        value, [name for name, field in declared.items() if type(field) is dataclasses.Field and field.repr]
    )


def _named_tuple(value: Any, kind: type) -> Fields | None:
    names = class_attribute(kind, "_fields")
    if not issubclass(kind, tuple) or type(names) is not tuple:
        return None
    return {name: item for name, item in zip(names, tuple.__iter__(value), strict=False) if is_text(name)}


def _attrs(value: Any, kind: type) -> Fields | None:
    declared = as_list(class_attribute(kind, "__attrs_attrs__"))
    if declared is None:
        return None
    shown = (stored(each, "name") for each in declared if stored(each, "repr") is not False)
    return _stored(value, [name for name in shown if is_text(name)])


def _array(value: Any, kind: type) -> Fields | None:
    """Return type, shape and dtype of a NumPy array, never its elements; arrays of others may be remote."""
    array = numpy_class("ndarray")
    if array is None or not is_base(array, kind):
        return None
    shape, dtype = (class_attribute(array, name).__get__(value) for name in ("shape", "dtype"))
    return {"type": type_name(kind), "shape": list(shape), "dtype": str(dtype)}


def _langgraph(value: Any, kind: type) -> Fields | None:
    """Return the slots of a LangGraph object, such as `Send`."""
    if not class_module(kind).startswith("langgraph."):
        return None
    slots = as_list(class_attribute(kind, "__slots__")) or ()
    return _stored(value, [name for name in slots if not name.startswith("_")]) or None


def _stored(value: Any, names: list[str]) -> Fields:
    """Return the fields of these names that are neither None nor an empty tuple."""
    found = {name: stored(value, name) for name in names}
    return {
        name: item
        for name, item in found.items()
        if item is not None and not (type(item) is tuple and not item)
    }
