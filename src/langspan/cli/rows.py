"""One finished span as the command line shows it, from whatever source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from langspan.conventions import names
from langspan.conventions.costs import Currency

# More than OTLP's times can be apart; comparing leaves out what is infinite or not a number.
_MOST_SECONDS: Final = 2**64 / 1e9
_MOST_DOLLARS: Final = 1e15


@dataclass(frozen=True, slots=True)
class SpanRow:
    """The parts of a span that the tree shows, with opaque ids and times in nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int | None
    attributes: Mapping[str, object] = field(default_factory=dict)
    failed: bool = False
    message: str = ""
    passes_on: bool = False
    """Whether a child of the span had the same error before, so that telling it again says nothing new."""

    @property
    def operation(self) -> str:
        """The GenAI operation (`gen_ai.operation.name`), or an empty string."""
        return str(self.attributes.get(names.GEN_AI_OPERATION_NAME, ""))

    @property
    def calls_model(self) -> bool:
        """Whether the token counts are the span's own, not the sum of its children's."""
        return self.operation in names.MODEL_CALLS

    @property
    def may_cost(self) -> bool:
        """Whether a model was asked that has a price by tokens: no cache answered, and it did not embed."""
        return (
            names.LANGSPAN_CACHE_HIT not in self.attributes
            and self.operation != names.OperationName.EMBEDDINGS
        )

    @property
    def judgement(self) -> str | None:
        """What an evaluation says, by its label and score; None if the span is none.

        It may come days after the run that it judges, so it is no part of the time that the run took.
        """
        if names.LANGSPAN_EVALUATION_NAME not in self.attributes:
            return None
        label = self.attributes.get(names.LANGSPAN_EVALUATION_SCORE_LABEL)
        score = self.attributes.get(names.LANGSPAN_EVALUATION_SCORE_VALUE)
        told = [f"{score:g}" if isinstance(score, float) else ""]
        return " ".join(filter(None, [label if isinstance(label, str) else "", *told]))

    @property
    def outcome(self) -> str | None:
        """The outcome of a run that neither returned nor failed, such as `cancelled`, or None."""
        value = self.attributes.get(names.LANGSPAN_OUTCOME)
        return value if isinstance(value, str) else None

    @property
    def error(self) -> str | None:
        """The error: its class as in `error.type`, and the status message; None if the span did not fail."""
        if not self.failed:
            return None
        kind = str(self.attributes.get(names.ERROR_TYPE, ""))
        short = kind.rpartition(".")[2]
        message = self.message.removeprefix(f"{kind}: ").removeprefix(f"{short}: ")
        if kind and message and message not in {kind, short}:
            return f"{kind}: {message}"
        return kind or message or "error"

    def count(self, key: str) -> int | None:
        """Return an attribute as an integer, or None if it is missing or not one."""
        value = self.attributes.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def dollars(self) -> float | None:
        """Return what the span says that it cost, in US dollars; None if it says nothing of them."""
        value = self.attributes.get(names.LANGSPAN_COST_AMOUNT)
        currency = self.attributes.get(names.LANGSPAN_COST_CURRENCY)
        if isinstance(value, bool) or not isinstance(value, int | float) or currency != Currency.USD:
            return None
        return float(value) if 0 <= value <= _MOST_DOLLARS else None

    def seconds(self, key: str) -> float | None:
        """Return an attribute as a number of seconds, or None if it is missing or not a time."""
        value = self.attributes.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST_SECONDS:
            return None
        return float(value)


def row_of(span: ReadableSpan) -> SpanRow:
    """Convert a finished SDK span to a row.

    Raises:
        ValueError: The span has no context.
    """
    context = span.get_span_context()
    if context is None:
        raise ValueError(f"span {span.name!r} has no context")
    return SpanRow(
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        parent_id=format_span_id(span.parent.span_id) if span.parent else None,
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time,
        attributes=dict(span.attributes or {}),
        failed=span.status.status_code is StatusCode.ERROR,
        message=span.status.description or "",
    )


def extent(rows: Sequence[SpanRow]) -> tuple[int, int]:
    """Return when the first of some spans started and the last one ended, apart from what judges them."""
    of_run = [row for row in rows if row.judgement is None] or rows
    return min(row.start_ns for row in of_run), max(row.end_ns or row.start_ns for row in of_run)
