"""The setting `capture_content`: which content is recorded, and where."""

from __future__ import annotations

import enum
import functools
import operator
from collections.abc import Collection, Mapping
from typing import Final, Literal, TypeAlias

CaptureContent: TypeAlias = (
    bool
    | Literal["none", "span", "event", "both"]
    | Collection[
        Literal[
            "input",
            "output",
            "system",
            "tool_definitions",
            "tool_arguments",
            "tool_results",
            "documents",
            "metadata",
            "exceptions",
            "events",
            "evaluations",
            "span",
            "event",
            "both",
        ]
    ]
)


class ContentCapture(enum.Flag):
    """The places where content is recorded, and its fields, if not all are."""

    NONE = 0
    SPAN = enum.auto()
    EVENT = enum.auto()
    BOTH = SPAN | EVENT
    INPUT = enum.auto()
    OUTPUT = enum.auto()
    SYSTEM = enum.auto()
    TOOL_DEFINITIONS = enum.auto()
    TOOL_ARGUMENTS = enum.auto()
    TOOL_RESULTS = enum.auto()
    DOCUMENTS = enum.auto()
    METADATA = enum.auto()
    EXCEPTIONS = enum.auto()
    EVENTS = enum.auto()
    EVALUATIONS = enum.auto()

    @property
    def fields(self) -> frozenset[str] | None:
        """The names of the fields that are recorded; None if all are."""
        return frozenset(name for name, field in CONTENT_FIELDS.items() if field in self) or None


_PLACES: Final = {"span": ContentCapture.SPAN, "event": ContentCapture.EVENT, "both": ContentCapture.BOTH}
CONTENT_FIELDS: Final[Mapping[str, ContentCapture]] = {
    each.name.lower(): each for each in ContentCapture if each.name and each not in ContentCapture.BOTH
}
"""The fields of content by the names that a setting takes."""
_A_SET: Final = f"or a set of {', '.join(map(repr, CONTENT_FIELDS))}"


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
    if isinstance(value, bool | str):
        known = _CONTENT_ARGUMENTS.get(value)
    else:
        known = _fields(value, _PLACES) if isinstance(value, Collection) else None
    if known is None:
        ways = "True, False, 'span', 'event', 'both' or 'none'"
        raise ValueError(f"{name}={value!r} is invalid; use {ways}, {_A_SET}")
    return known


def _fields(words: Collection[object], places: Mapping[str, ContentCapture]) -> ContentCapture | None:
    """Return the fields that words name, and where they are recorded; None if one means nothing."""
    meanings = {**CONTENT_FIELDS, **places}
    found = [meanings.get(word) if isinstance(word, str) else None for word in words]
    if None in found or not any(each in CONTENT_FIELDS.values() for each in found):
        return None
    capture = functools.reduce(operator.or_, filter(None, found), ContentCapture.NONE)
    return capture if capture & ContentCapture.BOTH else capture | ContentCapture.SPAN


def content_variable(name: str, value: str) -> ContentCapture:
    """Parse the variable for `capture_content`, in any case."""
    word = value.strip().lower()
    known = _CONTENT_WORDS.get(word)
    if known is None:
        places = {word: place for word, place in _CONTENT_WORDS.items() if "_" in word and place}
        known = _fields([each.strip() for each in word.split(",") if each.strip()], places)
    if known is None:
        ways = "NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT"
        raise ValueError(f"{name}={value!r} is invalid; use {ways}, or a list of {', '.join(CONTENT_FIELDS)}")
    return known
