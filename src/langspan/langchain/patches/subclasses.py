"""Patches on a method wherever a class hierarchy defines it, now or later."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import FunctionType
from typing import Any, TypeAlias

from langspan._guard import Guard
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.method_wrappers import MethodWrapper, is_method

Variants: TypeAlias = Callable[[str, FunctionType], Wrapper | None]


def wrap_tree(
    ledger: Ledger,
    guard: Guard,
    base: type,
    wrappers: Mapping[str, Wrapper],
    *,
    variants: Variants | None = None,
    make: type[MethodWrapper] = MethodWrapper,
) -> None:
    """Wrap methods of `base` and every override of them in its subclasses, once each.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        base: The class that defines the methods.
        wrappers: The wrapt wrappers, by the names of the methods.
        variants: Returns the wrapper of a method that subclasses define and `base` does not, by its name.
        make: What puts a wrapper around a method.
    """

    def wrap_overrides(cls: type) -> None:
        for name, method, wrapper in chain(
            _overrides(cls, base, wrappers), _variants(cls, wrappers, variants)
        ):
            if is_method(method):
                ledger.override(cls, name, make(method, wrapper))

    def init_subclass(cls: type, /, **kwargs: Any) -> None:
        original(cls, **kwargs)
        if not ledger.closed:
            guard.call(wrap_overrides, cls)

    for name, wrapper in wrappers.items():
        ledger.exchange(base, name, functools.partial(_made, make, wrapper))
    original = _init_subclass_of(base)
    ledger.replace(base, "__init_subclass__", classmethod(init_subclass))
    for cls in set(_subclasses(base)):
        guard.call(wrap_overrides, cls)  # each by itself: one that takes no patch costs only its own spans


def _made(make: type[MethodWrapper], wrapper: Wrapper, method: Any) -> Any:
    return make(method, wrapper)


def _overrides(cls: type, base: type, wrappers: Mapping[str, Wrapper]) -> Iterator[tuple[str, Any, Wrapper]]:
    """Yield what a subclass has instead of methods of `base`, by name, with the wrapper for it."""
    for name, wrapper in wrappers.items():
        if name in vars(cls):
            yield name, vars(cls)[name], wrapper
            continue
        nearer = cls.__mro__[: cls.__mro__.index(base)]
        origin = next((each for each in nearer if name in vars(each)), base)
        if not issubclass(origin, base):
            # The defining class has other subclasses too, for which the method stays unwrapped.
            yield name, vars(origin)[name], wrapper


def _variants(
    cls: type, wrappers: Mapping[str, Wrapper], variants: Variants | None
) -> Iterator[tuple[str, Any, Wrapper]]:
    """Yield further methods of a subclass that are to be wrapped, by name, with the wrapper for each."""
    if variants is None:
        return
    for name, method in list(vars(cls).items()):
        if name not in wrappers and type(method) is FunctionType:
            wrapper = variants(name, method)
            if wrapper is not None:
                yield name, method, wrapper


def _subclasses(cls: type) -> Iterator[type]:
    subclass: type
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _init_subclass_of(base: type) -> Any:
    own = vars(base).get("__init_subclass__")
    if own is not None:
        return own.__func__

    def inherited(cls: type, **kwargs: Any) -> None:
        super(base, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type] # no type for "subclass of"

    return inherited
