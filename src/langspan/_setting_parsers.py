"""From an argument or the text of a variable to what a setting holds, or to an error with the fix."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

Parser: TypeAlias = Callable[[str, Any], Any]
"""From the name of an argument or a variable, and its value, to what the setting holds."""


class ContentCapture(enum.Flag):
    """Where prompts, completions, arguments, results and documents are recorded."""

    NONE = 0
    SPAN = enum.auto()
    EVENT = enum.auto()
    BOTH = SPAN | EVENT


_CONTENT_ARGUMENTS: Final[Mapping[object, ContentCapture]] = {
    False: ContentCapture.NONE,
    True: ContentCapture.SPAN,
    "none": ContentCapture.NONE,
    "span": ContentCapture.SPAN,
    "event": ContentCapture.EVENT,
    "both": ContentCapture.BOTH,
}
# The standard variable's values, and the plain words that people try first.
_CONTENT_WORDS: Final[Mapping[str, ContentCapture]] = {
    "no_content": ContentCapture.NONE,
    "span_only": ContentCapture.SPAN,
    "event_only": ContentCapture.EVENT,
    "span_and_event": ContentCapture.BOTH,
    "false": ContentCapture.NONE,
    "true": ContentCapture.SPAN,
}


def content(name: str, value: object) -> ContentCapture:
    known = _CONTENT_ARGUMENTS.get(value) if isinstance(value, bool | str) else None
    if known is None:
        raise ValueError(f"{name}={value!r} is invalid; use True, False, 'span', 'event', 'both' or 'none'")
    return known


def content_variable(name: str, value: str) -> ContentCapture:
    known = _CONTENT_WORDS.get(value.strip().lower())
    if known is None:
        raise ValueError(
            f"{name}={value!r} is invalid; use NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT"
        )
    return known


def _one_of(meanings: Mapping[str, str]) -> tuple[Parser, Parser]:
    """Return parsers of an argument and of a variable that take one of a few words."""
    choices = " or ".join(f"{word!r} for {meaning}" for word, meaning in meanings.items())

    def parse(name: str, value: object) -> object:
        if not isinstance(value, str) or value not in meanings:
            raise ValueError(f"{name}={value!r} is invalid; use {choices}")
        return value

    def parse_variable(name: str, value: str) -> object:
        word = value.strip().lower()
        return word if word in meanings else parse(name, value)

    return parse, parse_variable


spans, spans_variable = _one_of({"all": "every run", "genai": "GenAI operations only"})
usage_sums, usage_sums_variable = _one_of(
    {"all": "agents and the root of a trace", "agents": "agents only", "none": "no sums"}
)


def keys(name: str, value: object) -> tuple[str, ...]:
    """Read a sequence of keys."""
    if (
        isinstance(value, str)
        or not isinstance(value, Sequence)
        or not all(isinstance(key, str) for key in value)
    ):
        raise ValueError(f"{name}={value!r} is invalid; use a list of strings, such as ['order_id']")
    return tuple(value)


def keys_variable(_name: str, value: str) -> tuple[str, ...]:
    """Read keys separated by commas."""
    return tuple(key.strip() for key in value.split(",") if key.strip())


def function(signature: str) -> Parser:
    def parse(name: str, value: object) -> object:
        if value is not None and not callable(value):
            raise TypeError(f"{name}={value!r} is not callable; pass a function {signature}")
        return value

    return parse


def at_least(least: int) -> Parser:
    def parse(name: str, value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or number < least:
            raise ValueError(f"{name}={value!r} is invalid; use a whole number of at least {least}")
        return number

    return parse


def is_true(_name: str, value: object) -> bool:
    return str(value).strip().lower() == "true"


def opts_in(_name: str, value: str) -> bool:
    return "gen_ai_latest_experimental" in {word.strip() for word in value.split(",")}


def text(_name: str, value: str) -> str:
    return value.strip()
