"""Parsers from an argument or a variable's text to the value of a setting.

An invalid value raises an error that names the setting, the value and the fix.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Parser: TypeAlias = Callable[[str, Any], Any]
"""A function of the name of an argument or variable and its value, that returns the setting's value."""


class ContentCapture(enum.Flag):
    """The places where prompts, completions, arguments, results and documents are recorded."""

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
# The values of the standard variable, and the plain words that users try first.
_CONTENT_WORDS: Final[Mapping[str, ContentCapture]] = {
    "no_content": ContentCapture.NONE,
    "span_only": ContentCapture.SPAN,
    "event_only": ContentCapture.EVENT,
    "span_and_event": ContentCapture.BOTH,
    "false": ContentCapture.NONE,
    "true": ContentCapture.SPAN,
}


def content(name: str, value: object) -> ContentCapture:
    """Parse the argument `capture_content`."""
    known = _CONTENT_ARGUMENTS.get(value) if isinstance(value, bool | str) else None
    if known is None:
        raise ValueError(f"{name}={value!r} is invalid; use True, False, 'span', 'event', 'both' or 'none'")
    return known


def content_variable(name: str, value: str) -> ContentCapture:
    """Parse the variable for `capture_content`, in any case."""
    known = _CONTENT_WORDS.get(value.strip().lower())
    if known is None:
        raise ValueError(
            f"{name}={value!r} is invalid; use NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT"
        )
    return known


def spans(name: str, value: object) -> object:
    """Parse the argument `spans`."""
    if value not in ("all", "genai"):
        raise ValueError(
            f"{name}={value!r} is invalid; use 'all' for every run or 'genai' for GenAI operations only"
        )
    return value


def spans_variable(name: str, value: str) -> object:
    """Parse the variable for `spans`, in any case."""
    word = value.strip().lower()
    return word if word in ("all", "genai") else spans(name, value)


def function(signature: str) -> Parser:
    """Return a parser for an optional function.

    Args:
        signature: The signature that the error message shows, such as `redact(value, where)`.
    """

    def parse(name: str, value: object) -> object:
        if value is not None and not callable(value):
            raise TypeError(f"{name}={value!r} is not callable; pass a function {signature}")
        return value

    return parse


def at_least(least: int) -> Parser:
    """Return a parser for whole numbers that are not below `least`."""

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
    """Return whether a value is `true` in any case, as for booleans in OpenTelemetry's specification."""
    return str(value).strip().lower() == "true"


def opts_in(_name: str, value: str) -> bool:
    """Return whether a list of opt-ins has that for the latest GenAI conventions."""
    return "gen_ai_latest_experimental" in {word.strip() for word in value.split(",")}


def text(_name: str, value: str) -> str:
    """Return the text without surrounding whitespace."""
    return value.strip()
