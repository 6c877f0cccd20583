"""What is different between a span and its counterpart. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from langspan.conventions import names
from langspan.page.figures import error_text
from langspan.page.spans import Span

NAME: Final = "name"
OUTCOME: Final = "outcome"

# What a span is asked, and what comes of it: attributes by what they are called here.
_ASKED: Final[Mapping[str, str]] = {
    names.GEN_AI_SYSTEM_INSTRUCTIONS: "instructions",
    names.GEN_AI_TOOL_DEFINITIONS: "tools offered",
    names.GEN_AI_INPUT_MESSAGES: "messages",
    names.GEN_AI_TOOL_CALL_ARGUMENTS: "arguments",
    names.GEN_AI_RETRIEVAL_QUERY_TEXT: "query",
    names.LANGCHAIN_INPUT: "input",
}
_CAME: Final[Mapping[str, str]] = {
    names.GEN_AI_RESPONSE_MODEL: "answering model",
    names.GEN_AI_RESPONSE_FINISH_REASONS: "finish reasons",
    names.GEN_AI_OUTPUT_MESSAGES: "answer",
    names.GEN_AI_TOOL_CALL_RESULT: "result",
    names.GEN_AI_RETRIEVAL_DOCUMENTS: "documents",
    names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: "documents' texts",
    names.LANGCHAIN_OUTPUT: "output",
}
_REQUEST: Final = "gen_ai.request."
_FIGURES: Final[Mapping[str, str]] = {
    names.GEN_AI_USAGE_INPUT_TOKENS: "tokens in",
    names.GEN_AI_USAGE_OUTPUT_TOKENS: "tokens out",
    names.LANGSPAN_COST_AMOUNT: "cost",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that two counterparts say differently; None is what one of them does not say.

    Attributes:
        what: What it is, in a word or two.
        left: What the first one says.
        right: What the second one says.
        at_end: Whether it comes out of the span; else it went in.
    """

    what: str
    left: Any
    right: Any
    at_end: bool = False

    @property
    def is_of_shape(self) -> bool:
        """Whether it makes the run another one, and not only what was said in it."""
        return self.what in {NAME, OUTCOME}


def changes_of(left: Span, right: Span) -> list[Change]:
    """Return what changed between counterparts, what went in before what came out; figures are left aside."""
    return [*_asked(left, right), *_came(left, right)]


def figures_of(left: Span, right: Span) -> list[Change]:
    """Return the figures that changed: tokens and cost. No two runs take the same time."""
    both = ((what, left.number(key), right.number(key)) for key, what in _FIGURES.items())
    return [Change(what, a, b, at_end=True) for what, a, b in both if a != b]


def outcome_of(span: Span) -> str:
    """Return how a span ended, if not by returning: its error's type, or its outcome."""
    return span.error_type or span.text(names.LANGSPAN_OUTCOME)


def asked_of(span: Span) -> tuple[str, ...]:
    """Return what a span was asked, as text to compare."""
    return tuple(json.dumps(_comparable(span.attributes.get(key)), sort_keys=True) for key in _ASKED)


def _asked(left: Span, right: Span) -> Iterator[Change]:
    if left.name != right.name:
        yield Change(NAME, left.name, right.name)
    keys = sorted(key for key in left.attributes.keys() | right.attributes.keys() if key.startswith(_REQUEST))
    settings = {key: key.removeprefix(_REQUEST) for key in keys}
    yield from _compared(left, right, {**settings, **_ASKED}, at_end=False)


def _came(left: Span, right: Span) -> Iterator[Change]:
    if outcome_of(left) != outcome_of(right):
        yield Change(OUTCOME, _ending(left), _ending(right), at_end=True)
    yield from _compared(left, right, _CAME, at_end=True)


def _compared(left: Span, right: Span, keys: Mapping[str, str], *, at_end: bool) -> Iterator[Change]:
    for key, what in keys.items():
        a, b = (_decoded(span.attributes.get(key)) for span in (left, right))
        if _comparable(a) != _comparable(b):
            yield Change(what, a, b, at_end=at_end)


def _ending(span: Span) -> str:
    return error_text(span) or outcome_of(span) or "returned"


def _decoded(value: Any) -> Any:
    """Return the value that an attribute holds as JSON text, or the attribute itself."""
    if isinstance(value, str) and value[:1] in {"{", "[", '"'}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _comparable(value: Any, levels: int = 50) -> Any:
    """Return a value without the ids of messages and of their parts: each run draws its own."""
    value = _decoded(value)
    if not levels:
        return repr(value)
    if isinstance(value, list):
        return [_comparable(each, levels - 1) for each in value]
    if isinstance(value, dict):
        is_said = "role" in value or "type" in value
        dropped = {"id", "tool_call_id"} if is_said else set()
        return {key: _comparable(each, levels - 1) for key, each in value.items() if key not in dropped}
    return value
