"""The figures of spans: tokens, cost and errors of each, and their sums. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from langspan.conventions import names
from langspan.page.errors import passing_on
from langspan.page.spans import Span


@dataclass(frozen=True, slots=True)
class Sums:
    """What the spans of a trace, or of several, come to.

    Attributes:
        spans: How many there are.
        errors: In how many of them an error began.
        input_tokens: What the model calls read; None if none says so.
        output_tokens: What they wrote; likewise.
        cost: Amounts by currency.
        duration_ns: From the first start to the last end.
    """

    spans: int
    errors: int
    input_tokens: int | float | None
    output_tokens: int | float | None
    cost: Mapping[str, float]
    duration_ns: int


def sums_of(spans: Sequence[Span]) -> Sums:
    """Sum up the figures of spans, of which there is at least one."""
    passing = passing_on(spans)
    calls = [span for span in spans if span.calls_model]
    # A judgement may come days later.
    timed = [span for span in spans if not span.text(names.LANGSPAN_EVALUATION_NAME)] or spans
    begin = min(span.start_ns for span in timed)
    end = max(span.end_ns or span.start_ns for span in timed)
    return Sums(
        spans=len(spans),
        errors=sum(span.failed and (span.trace_id, span.span_id) not in passing for span in spans),
        input_tokens=_total(calls, names.GEN_AI_USAGE_INPUT_TOKENS),
        output_tokens=_total(calls, names.GEN_AI_USAGE_OUTPUT_TOKENS),
        cost=_cost(calls) or _cost([span for span in spans if span.parent_id is None]),
        duration_ns=max(end - begin, 0),
    )


def _total(spans: Sequence[Span], key: str) -> int | float | None:
    numbers = [number for span in spans if (number := span.number(key)) is not None]
    return sum(numbers) if numbers else None


def _cost(spans: Sequence[Span]) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for span in spans:
        amount = span.number(names.LANGSPAN_COST_AMOUNT)
        if amount is not None:
            currency = span.text(names.LANGSPAN_COST_CURRENCY)
            amounts[currency] = amounts.get(currency, 0) + amount
    return amounts


def conversation_of(spans: Sequence[Span]) -> str:
    """Return the conversation that the first of these spans names, or an empty string."""
    keys = names.GEN_AI_CONVERSATION_ID, names.LANGSPAN_CONVERSATION_ID
    return next((text for span in spans for key in keys if (text := span.text(key))), "")


def error_text(span: Span) -> str:
    """Return what to say of a span that failed, or an empty string."""
    kind = span.error_type
    if span.message:
        return span.message if kind in span.message or kind == "error" else f"{kind}: {span.message}"
    return kind
