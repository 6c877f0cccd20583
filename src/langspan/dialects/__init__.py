"""Dialects: what readers other than those of the GenAI conventions want to see on the same spans.

A dialect is a pure function from what a span says to what it says in other words besides. Nothing here is
imported unless the setting `dialect` names one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from langspan.dialects.facts import Facts
from langspan.dialects.langfuse import langfuse
from langspan.dialects.openinference import openinference

DIALECTS: Final[Mapping[str, Callable[[Facts], Mapping[str, object]]]] = {
    "openinference": openinference,
    "langfuse": langfuse,
}
"""The dialects by the names that the setting takes."""


def dialects(name: str, value: object) -> tuple[str, ...]:
    """Parse the argument `dialect`: one name, or several.

    Args:
        name: The setting's name.
        value: What was passed.

    Raises:
        ValueError: It names none, or one that there is not.
    """
    words = [value] if isinstance(value, str) else value
    is_good = isinstance(words, Collection) and words and all(map(_is_known, words))
    if not is_good:
        known = " or ".join(map(repr, DIALECTS))
        raise ValueError(f"{name}={value!r} is invalid; use {known}, or a list of them")
    return tuple(dialect for dialect in DIALECTS if dialect in words)  # type: ignore[operator] # a collection


def dialects_variable(name: str, value: str) -> tuple[str, ...]:
    """Parse the variable for `dialect`: names separated by commas."""
    return dialects(name, [word for word in (each.strip().lower() for each in value.split(",")) if word])


def _is_known(word: object) -> bool:
    return type(word) is str and word in DIALECTS
