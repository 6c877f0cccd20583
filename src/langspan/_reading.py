"""Reading of what values store, without running any code of their classes.

`isinstance` asks a value for its `__class__`, which may be a property. `getattr` runs properties and
`__getattr__`. A lookup on a class runs its metaclass. All of them may be slow, do I/O or raise. What is read
here is the type, instance dictionaries, slots, and built-in containers through the built-in type's methods.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType
from typing import Any, Final, TypeGuard

from pydantic import BaseModel

_EMPTY: Final[dict[str, Any]] = {}
_DESCRIPTORS: Final = (GetSetDescriptorType, MemberDescriptorType)
_bases: Final[Callable[[type], tuple[type, ...]]] = type.__dict__["__mro__"].__get__
_namespace: Final[Callable[[type], Mapping[str, Any]]] = type.__dict__["__dict__"].__get__
_qualname: Final[Callable[[type], str]] = type.__dict__["__qualname__"].__get__
_module: Final[Callable[[type], Any]] = type.__dict__["__module__"].__get__

is_base: Final = type.__subclasscheck__
"""`is_base(base, kind)`: whether a class inherits from another; abstract classes are not asked."""


def class_attribute(kind: type, name: str) -> Any:
    """Return what a class or its first base with such an attribute stores under a name, else None."""
    for cls in _bases(kind):
        held = _namespace(cls)
        if name in held:
            return held[name]
    return None


def has_any(kind: type, names: tuple[str, ...]) -> bool:
    """Return whether a class or one of its bases stores anything under one of these names."""
    for cls in _bases(kind):
        held = _namespace(cls)
        for name in names:
            if name in held:
                return True
    return False


def class_name(kind: type) -> str:
    """Return a class's qualified name."""
    return str.__str__(_qualname(kind))


def class_module(kind: type) -> str:
    """Return the name of a class's module; an empty text if it stores none."""
    module = _module(kind)
    return module if type(module) is str else ""


def bases(kind: type) -> tuple[type, ...]:
    """Return a class and everything that it inherits from, nearest first."""
    return _bases(kind)


def own_attributes(kind: type) -> Mapping[str, Any]:
    """Return what a class stores itself, without its bases."""
    return _namespace(kind)


_fields_of_model: Final[Callable[[Any], Any]] = class_attribute(BaseModel, "__dict__").__get__
_extra_of_model: Final[Callable[[Any], Any]] = class_attribute(BaseModel, "__pydantic_extra__").__get__


def fields_of(value: Any) -> Mapping[str, Any]:
    """Return an object's instance dictionary; an empty mapping if it has none."""
    kind = type(value)
    if is_base(BaseModel, kind):
        held = _fields_of_model(value)
    else:
        found = class_attribute(kind, "__dict__")
        if not is_exactly(found, _DESCRIPTORS):  # a class may define a property of that name
            return _EMPTY
        held = found.__get__(value, kind)
    return held if type(held) is dict else as_dict(held) or _EMPTY


def extra_of(value: Any) -> Mapping[str, Any]:
    """Return the fields of a pydantic model that its class does not declare; empty if there are none."""
    if not is_base(BaseModel, type(value)):
        return _EMPTY
    try:
        held = _extra_of_model(value)
    except AttributeError:  # the model was never initialized
        return _EMPTY
    return held if type(held) is dict else _EMPTY


def model_fields(model: BaseModel) -> Mapping[str, Any]:
    """Return the fields that a pydantic model stores, declared ones and others."""
    held = _fields_of_model(model)
    try:
        extra = _extra_of_model(model)
    except AttributeError:  # the model was never initialized
        extra = None
    if type(held) is not dict:
        held = as_dict(held) or _EMPTY
    return {**extra, **held} if type(extra) is dict and extra else held


def stored(value: Any, name: str) -> Any:
    """Return what an object stores under a name, in its dictionary or in a slot; None if nothing."""
    if value is None:
        return None
    # Nearly all are LangChain's own objects, so that they are read without further calls.
    held = _fields_of_model(value) if is_base(BaseModel, type(value)) else None
    if type(held) is not dict:
        held = fields_of(value)
    if name in held:
        return held[name]
    slot = class_attribute(type(value), name)
    if type(slot) is not MemberDescriptorType:
        return None
    try:
        return slot.__get__(value, type(value))
    except AttributeError:  # the slot is empty
        return None


def fields_named(value: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """Return what an object stores under some names, and maybe under others: one step for many `stored`.

    Args:
        value: An object; in nearly all cases LangChain's own, whose dictionary is returned itself.
        names: The names that will be asked for.
    """
    held = _fields_of_model(value) if is_base(BaseModel, type(value)) else None
    return held if type(held) is dict else {name: stored(value, name) for name in names}


def as_dict(value: Any) -> dict[str, Any] | None:
    """Return a dictionary with the string keys of a dictionary or of a proxy of one; None for others.

    An exact `dict` is returned itself, with all of its keys.
    """
    if type(value) is dict:
        return value
    pairs = pairs_of(value)
    if pairs is None:
        return None
    return {key if type(key) is str else str.__str__(key): item for key, item in pairs if is_text(key)}


def pairs_of(value: Any) -> Iterator[tuple[Any, Any]] | None:
    """Return the pairs of a dictionary, of a subclass, or of a proxy of either; None for others."""
    if issubclass(type(value), dict):
        return iter(dict.items(value))
    if type(value) is MappingProxyType:
        held = gc.get_referents(value)  # its own methods would run those of the mapping behind it
        return pairs_of(held[0]) if held else None
    return None


def as_list(value: Any) -> Sequence[Any] | None:
    """Return a list or a tuple; None for others. A subclass becomes an exact list."""
    if type(value) is list or type(value) is tuple:
        return value
    if issubclass(type(value), list):
        return list(list.__iter__(value))
    return list(tuple.__iter__(value)) if issubclass(type(value), tuple) else None


def is_exactly(value: object, kinds: tuple[type, ...]) -> bool:
    """Return whether a value's type is one of those given; the metaclass is not asked for equality."""
    kind = type(value)
    for each in kinds:  # noqa: SIM110 - a generator would cost more
        if kind is each:
            return True
    return False


def as_text(value: Any) -> str | None:
    """Return a string as an exact `str`; None for anything else."""
    if type(value) is str:
        return value
    return str.__str__(value) if issubclass(type(value), str) else None


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is a string."""
    return issubclass(type(value), str)


def numpy_class(name: str) -> type | None:
    """Return a class of NumPy, if NumPy was loaded. It is neither imported here nor, if lazy, loaded."""
    module = sys.modules.get("numpy")
    found = None if module is None else fields_of(module).get(name)
    return found if issubclass(type(found), type) else None


def is_numpy(value: object, name: str) -> bool:
    """Return whether a value's class is NumPy's own, and inherits from the NumPy class of that name."""
    kind = type(value)
    if class_module(kind).partition(".")[0] != "numpy":
        return False
    base = numpy_class(name)
    return base is not None and is_base(base, kind)
