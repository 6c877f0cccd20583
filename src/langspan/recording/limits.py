"""The SDK's limits on a span's attributes, kept by us: it cuts JSON into pieces and drops the oldest first.

What stands first on a span matters most, so that the SDK would drop operation and model before metadata. It
would also log a warning for each value.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.trace import Tracer

from langspan._values import Attributes, AttributeValue
from langspan.content.room import MAX_CHARS, Room
from langspan.content.shorten import to_json
from langspan.context.private_names import span_limits
from langspan.conventions import names

_LENGTHS: Final = ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
_COUNTS: Final = ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
_DEFAULT_COUNT: Final = 128  # the SDK's own
# What is dropped first stands last.
_LEAST_IMPORTANT: Final = (
    names.GEN_AI_TOOL_DESCRIPTION,
    names.LANGCHAIN_RUN_ID,
    names.GEN_AI_TOOL_DEFINITIONS,
    names.LANGCHAIN_TAGS,
)
_RANKS: Final = {name: rank for rank, name in enumerate(_LEAST_IMPORTANT, 2)}
_GENAI: Final = ("gen_ai.", "error.", "server.", "langspan.outcome")


class Limits(NamedTuple):
    """The limits of one tracer's spans.

    Attributes:
        chars: The maximum length of a value, in characters.
        attributes: The maximum number of attributes; None if there is none.
    """

    chars: int = MAX_CHARS
    attributes: int | None = None

    def surely_fit(self) -> int:
        """Return how many attributes fit at a span's start without a look at each."""
        if self.chars != MAX_CHARS:
            return 0
        return MAX_CHARS if self.attributes is None else max((self.attributes - 1) // 2, 0)

    def fit_start(self, attributes: Attributes) -> Attributes:
        """Return what to set when a span starts: no more than half of what it holds, as more will come."""
        return self.fit(attributes, 0 if self.attributes is None else (self.attributes + 1) // 2)

    def fit(self, attributes: Attributes, used: int = 0) -> Attributes:
        """Return attributes that the SDK takes as they are: short enough, and the most important ones.

        Args:
            attributes: Attributes in the order in which they are to be set.
            used: How many others the span already has.
        """
        if self.chars != MAX_CHARS:
            attributes = {
                name: short
                for name, value in attributes.items()
                if (short := _shortened(name, value, self.chars)) is not None
            }
        if self.attributes is None or used + len(attributes) <= self.attributes:
            return attributes
        kept = set(sorted(attributes, key=_rank)[: max(self.attributes - used, 0)])
        return {name: value for name, value in attributes.items() if name in kept}


NO_LIMITS: Final = Limits()


def limits_of(tracer: Tracer) -> Limits:
    """Return the limits of a tracer's spans; those of the environment if the tracer does not tell.

    Events take their limit on lengths from elsewhere, so the smaller one counts for all values.
    """
    held = span_limits(tracer)
    if held is None:
        lengths, counts = (
            map(_from_environment, _LENGTHS),
            list(filter(_is_limit, map(_from_environment, _COUNTS))),
        )
        return Limits(_least(list(lengths)), counts[0] if counts else _DEFAULT_COUNT)
    count = getattr(held, "max_span_attributes", None)
    found = [getattr(held, name, None) for name in ("max_span_attribute_length", "max_attribute_length")]
    return Limits(_least(found), count if _is_limit(count) else None)


def _from_environment(name: str) -> int | None:
    text = os.environ.get(name, "").strip()
    return int(text) if text.isdecimal() else None


def _least(limits: Sequence[Any]) -> int:
    return min((limit for limit in limits if _is_limit(limit)), default=MAX_CHARS)


def _is_limit(limit: object) -> bool:
    return type(limit) is int and limit >= 0


def _rank(name: str) -> int:
    if name.startswith(names.LANGCHAIN_METADATA_PREFIX):
        return 100
    if name.startswith(names.LANGCHAIN_PROMPT_VARIABLE_PREFIX):
        return 99
    return _RANKS.get(name, 0 if name.startswith(_GENAI) else 1)


def _shortened(name: str, value: AttributeValue, chars: int) -> AttributeValue | None:
    if type(value) is str:
        if len(value) <= chars:
            return value
        if name == names.GEN_AI_RETRIEVAL_DOCUMENTS:  # JSON, but made without a renderer
            return to_json(json.loads(value), Room(MAX_CHARS, chars), len(value))
        return value[:chars]
    if type(value) is list:
        return [item[:chars] if type(item) is str else item for item in value]
    return value
