"""What a whole trace says: its first span, its sums, its errors. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from langspan.cli.columns import dollars_text
from langspan.cli.failures import causes, is_failed_run
from langspan.cli.rows import SpanRow, extent
from langspan.conventions.names import (
    GEN_AI_CONVERSATION_ID,
    GEN_AI_USAGE_INPUT_TOKENS,
    GEN_AI_USAGE_OUTPUT_TOKENS,
    LANGSPAN_CONVERSATION_ID,
)

_LONGEST_ERROR = 100


@dataclass(frozen=True)
class TraceFacts:
    """One trace, with its spans from the oldest on."""

    rows: Sequence[SpanRow]

    @property
    def trace_id(self) -> str:
        """The id."""
        return self.rows[0].trace_id

    @cached_property
    def root(self) -> SpanRow:
        """The span that has no parent here; if there are several, the oldest."""
        known = {row.span_id for row in self.rows}
        return next((row for row in self.rows if row.parent_id not in known), self.rows[0])

    @property
    def start_ns(self) -> int:
        """When its first span started."""
        return extent(self.rows)[0]

    @property
    def duration_ns(self) -> int:
        """From the start of its first span to the end of its last one."""
        start, end = extent(self.rows)
        return end - start

    @cached_property
    def tokens(self) -> tuple[int, int] | None:
        """Input and output tokens of its model calls, or None if none tells any."""
        return tokens_of(row for row in self.rows if row.calls_model)

    @cached_property
    def dollars(self) -> float | None:
        """What its model calls cost in US dollars; if they do not say, what its root says."""
        of_calls = dollars_of(row for row in self.rows if row.calls_model)
        return of_calls if of_calls is not None else self.root.dollars()

    @cached_property
    def causes(self) -> Sequence[SpanRow]:
        """The spans in which an error began."""
        return causes(self.rows)

    @cached_property
    def failed(self) -> bool:
        """Whether an error reached the top."""
        return is_failed_run(self.rows)

    @cached_property
    def conversations(self) -> frozenset[str]:
        """The ids of the conversations that its spans belong to."""
        keys = (GEN_AI_CONVERSATION_ID, LANGSPAN_CONVERSATION_ID)
        return frozenset(
            str(row.attributes[key]) for row in self.rows for key in keys if key in row.attributes
        )

    @property
    def outcome(self) -> str:
        """What became of it, in words: errors with the span in which they began, or an unusual outcome."""
        told = "; ".join(f"{_shortened(row.error or '')} in {row.name}" for row in self.causes)
        if told:
            return told if self.failed else f"caught: {told}"
        return self.root.outcome or ""


def _shortened(error: str) -> str:
    line = error.partition("\n")[0]
    return line if len(line) <= _LONGEST_ERROR else f"{line[: _LONGEST_ERROR - 3]}..."


def tokens_of(rows: Iterable[SpanRow]) -> tuple[int, int] | None:
    """Sum the input and output tokens of spans; None if none has any."""
    counts = [(row.count(GEN_AI_USAGE_INPUT_TOKENS), row.count(GEN_AI_USAGE_OUTPUT_TOKENS)) for row in rows]
    if all(count is None for pair in counts for count in pair):
        return None
    return sum(read or 0 for read, _ in counts), sum(written or 0 for _, written in counts)


def dollars_of(rows: Iterable[SpanRow]) -> float | None:
    """Sum what spans cost in US dollars; None if none says so."""
    costs = [amount for row in rows if (amount := row.dollars()) is not None]
    return math.fsum(costs) if costs else None


def cost_text(dollars: float | None) -> str:
    """Format a cost for a column."""
    return "" if dollars is None else dollars_text(dollars)


def tokens_text(tokens: tuple[int, int] | None) -> str:
    """Format input and output tokens for a narrow column."""
    return "" if tokens is None else f"{tokens[0]}+{tokens[1]}"
