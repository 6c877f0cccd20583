"""Several functions for `redact` as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

_Redact: TypeAlias = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Combined:
    functions: tuple[_Redact, ...]

    def __call__(self, value: Any, where: str) -> Any:
        for function in self.functions:
            value = function(value, where)
        return value

    def __eq__(self, other: object) -> bool:
        """Whether both do the same; an application that sets up twice is not warned then."""
        return isinstance(other, _Combined) and list(map(id, self.functions)) == list(
            map(id, other.functions)
        )

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.functions)))


def all_of(*functions: _Redact) -> _Redact:
    """Return a function that applies several, each to what the one before it returned.

    Args:
        functions: Some of this module, or your own: `redact(value, where)`. If one raises, the value
            is dropped.

    Raises:
        ValueError: There are none.
        TypeError: One of them is not callable.
    """
    if not functions:
        raise ValueError(
            "all_of() has nothing to apply; pass functions, such as redact.secrets, redact.emails"
        )
    for function in functions:
        if not callable(function):
            raise TypeError(
                f"all_of() was given {function!r}, which is not callable; pass functions (value, where)"
            )
    return _Combined(functions)
