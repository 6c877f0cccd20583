"""Traces as a list, a line for each, and the turns of a conversation. Pure functions from facts to text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from langspan.cli.columns import dollars_text, duration_text, printable
from langspan.cli.facts import TraceFacts, cost_text, tokens_text
from langspan.cli.tables import aligned
from langspan.cli.terminal import Style

_TITLES: Final = ("start", "time", "spans", "tokens", "cost", "trace", "what ran")
_RED: Final = "31"
_YELLOW: Final = "33"
_LATEST: Final = 253_402_300_799


def listed(traces: Iterable[TraceFacts], style: Style) -> Iterator[str]:
    """Yield a title, and a line for each trace; columns without a figure are left out."""
    traces = list(traces)
    yield from aligned(_TITLES, [_cells(trace, style) for trace in traces], left={0, 5, 6}, style=style)


def turns(conversation: str, traces: Sequence[TraceFacts], style: Style) -> Iterator[str]:
    """Yield what a conversation took altogether, and its turns in the order in which they began."""
    tokens = [trace.tokens for trace in traces if trace.tokens is not None]
    costs = [trace.dollars for trace in traces if trace.dollars is not None]
    parts = [
        f"conversation {printable(conversation)}",
        f"{len(traces)} turn{'' if len(traces) == 1 else 's'}",
        duration_text(sum(trace.duration_ns for trace in traces), style),
        *([f"{sum(t[0] for t in tokens)} tokens in, {sum(t[1] for t in tokens)} out"] if tokens else []),
        *([dollars_text(math.fsum(costs))] if costs else []),
    ]
    yield style.pick(" · ", " - ").join(parts)
    yield ""
    yield from listed(traces, style)


def _cells(trace: TraceFacts, style: Style) -> list[str]:
    return [
        start_text(trace.start_ns),
        duration_text(max(trace.duration_ns, 0), style),
        str(len(trace.rows)),
        tokens_text(trace.tokens),
        cost_text(trace.dollars),
        printable(trace.trace_id),
        f"{printable(trace.root.name)}{_outcome(trace, style)}",
    ]


def _outcome(trace: TraceFacts, style: Style) -> str:
    told = printable(trace.outcome)
    if not told:
        return ""
    mark = f"{style.pick('✗', 'x')} " if trace.failed else ""
    return "  " + style.paint(mark + told, _RED if trace.failed else _YELLOW)


def start_text(nanoseconds: int) -> str:
    """Format a time by the clock of this machine."""
    seconds = nanoseconds // 10**9
    if seconds > _LATEST:
        return "?"
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
