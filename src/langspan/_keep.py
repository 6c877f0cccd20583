"""`langspan.Keep`: which traces are worth keeping, as an argument or in the words of a variable."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

Remote: TypeAlias = Literal["keep", "judge"]

OUTCOMES: Final = ("cancelled", "closed", "interrupted", "drained", "incomplete")
"""The values of `langspan.outcome`."""
_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Which traces are exported, decided when a trace is complete in this process. One reason is enough.

    Attributes:
        errors: Keep a trace in which a span failed.
        slower_than: Keep one whose local root took longer, in seconds.
        more_tokens_than: Keep one whose model calls took more input and output tokens together.
        dearer_than: Keep one whose model calls cost more, in US dollars. `cost` must be on.
        outcomes: Keep one with a span of such a `langspan.outcome`: some of `OUTCOMES`, for instance
            `{"interrupted"}`.
        evaluated: Keep one that is evaluated before it is complete.
        ratio: Of all others, the share to keep, from 0 to 1. The trace's id decides, as in OpenTelemetry's
            own sampler: processes with the same ratio keep the same traces.
        remote: What becomes of a trace that began in another process: `"keep"` keeps this process's part,
            so that the trace stays whole; `"judge"` judges it like any other.
        max_spans: How many ended spans may wait for their traces to complete. Beyond, the oldest trace is
            decided by what is known of it.
        max_bytes: Their size, about, in bytes; likewise.
        max_age: How long a trace may take, in seconds; likewise.

    Raises:
        ValueError: A value is invalid, or nothing would be kept; the message names the fix.
    """

    errors: bool = False
    slower_than: float | None = None
    more_tokens_than: int | None = None
    dearer_than: float | None = None
    outcomes: Collection[str] = frozenset()
    evaluated: bool = False
    ratio: float = 0.0
    remote: Remote = "keep"
    max_spans: int = 20_000
    max_bytes: int = 67_108_864
    max_age: float = 600.0

    def __post_init__(self) -> None:
        for name, (is_valid, fix) in _CHECKS.items():
            value = getattr(self, name)
            if not is_valid(value):
                raise ValueError(f"Keep({name}={value!r}) is invalid; use {fix}")
        object.__setattr__(self, "outcomes", frozenset(self.outcomes))
        reasons = self.errors, self.outcomes, self.evaluated, self.ratio
        if not any(reasons) and {self.slower_than, self.more_tokens_than, self.dearer_than} == {None}:
            raise ValueError("Keep() keeps no trace; say which, for instance Keep(errors=True, ratio=0.05)")


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type] # one of these


def _is_bound(value: object) -> bool:
    return value is None or (_is_number(value) and value >= 0)  # type: ignore[operator] # a number


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_limit(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_words(value: object) -> bool:
    return (
        not isinstance(value, str)
        and isinstance(value, Collection)
        and all(word in OUTCOMES for word in value)
    )


_NUMBER: Final = (_is_bound, "a number from 0 on")
_FLAG: Final = (_is_flag, "True or False")
_LIMIT: Final = (_is_limit, "a whole number from 1 on")
_CHECKS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "errors": _FLAG,
    "slower_than": _NUMBER,
    "more_tokens_than": _NUMBER,
    "dearer_than": _NUMBER,
    "outcomes": (_is_words, f"a set of some of {', '.join(map(repr, OUTCOMES))}"),
    "evaluated": _FLAG,
    "ratio": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "remote": (lambda value: value in ("keep", "judge"), "'keep' or 'judge'"),
    "max_spans": _LIMIT,
    "max_bytes": _LIMIT,
    "max_age": (lambda value: _is_number(value) and value > 0, "a number of seconds above 0"),
}
if [field.name for field in fields(Keep)] != [*_CHECKS]:
    raise TypeError("the fields of Keep and their checks differ; add the field or the check")


def keep(name: str, value: object) -> Keep:
    """Parse the argument `keep`."""
    if not isinstance(value, Keep):
        raise TypeError(f"{name} is of type {type(value).__name__}; pass a langspan.Keep(...)")
    return value


def _seconds(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * (_SECONDS[unit] if unit else 1.0)


# Each word with the field that it sets and how its text is read. What follows it says how the two are joined.
_WORDS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "slow>": ("slower_than", _seconds),
    "tokens>": ("more_tokens_than", int),
    "usd>": ("dearer_than", float),
    "ratio=": ("ratio", float),
    "remote=": ("remote", str),
    "max_spans=": ("max_spans", int),
    "max_bytes=": ("max_bytes", int),
    "max_age=": ("max_age", _seconds),
}
_EXAMPLE: Final = "'errors,slow>10s,tokens>20000,usd>0.5,outcome=interrupted,evaluated,ratio=0.05'"


def keep_variable(name: str, value: str) -> Keep:
    """Parse the variable for `keep`: words separated by commas."""
    given: dict[str, Any] = {}
    for word in filter(None, (word.strip() for word in value.split(","))):
        field, found = _read(name, word)
        if field == "outcomes":
            found = given.get(field, frozenset()) | found
        elif field in given:
            raise ValueError(f"{name}={value!r} says {word!r} a second time; say it once")
        given[field] = found
    try:
        return Keep(**given)
    except ValueError as error:
        raise ValueError(f"{name}={value!r} is invalid: {error}") from None


def _read(name: str, word: str) -> tuple[str, Any]:
    """Return the field that a word sets, and its value."""
    if word in ("errors", "evaluated"):
        return word, True
    if word.startswith("outcome="):
        return "outcomes", frozenset({word.removeprefix("outcome=").strip()})
    for start, (field, parse) in _WORDS.items():
        if word.startswith(start):
            try:
                return field, parse(word.removeprefix(start).strip())
            except (ValueError, KeyError):
                break
    raise ValueError(f"{name} has {word!r}, which means nothing; write it as {_EXAMPLE}")
