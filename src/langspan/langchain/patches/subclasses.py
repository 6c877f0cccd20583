"""Patches on a method wherever a class hierarchy defines it, now or later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import wrapt

from langspan._guard import Guard
from langspan.langchain.patches.ledger import Ledger, Wrapper


def wrap_tree(ledger: Ledger, guard: Guard, base: type, wrappers: Mapping[str, Wrapper]) -> None:
    """Wrap methods of `base` and every override of them in its subclasses, once each.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        base: The class that defines the methods.
        wrappers: The wrapt wrappers, by the names of the methods.
    """

    def wrap_overrides(cls: type) -> None:
        for name, wrapper in wrappers.items():
            if name in vars(cls):
                ledger.replace(cls, name, wrapt.FunctionWrapper(vars(cls)[name], wrapper))
                continue
            nearer = cls.__mro__[: cls.__mro__.index(base)]
            origin = next((each for each in nearer if name in vars(each)), base)
            if not issubclass(origin, base):
                # The defining class has other subclasses too, for which the method stays unwrapped.
                ledger.replace(cls, name, wrapt.FunctionWrapper(vars(origin)[name], wrapper))

    for name, wrapper in wrappers.items():
        ledger.wrap(base, name, wrapper)
    for cls in set(_subclasses(base)):
        wrap_overrides(cls)

    def init_subclass(cls: type, /, **kwargs: Any) -> None:
        original(cls, **kwargs)
        if not ledger.closed:
            guard.call(wrap_overrides, cls)

    original = _init_subclass_of(base)
    ledger.replace(base, "__init_subclass__", classmethod(init_subclass))


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
