"""Sums over many traces, by model and by agent. Pure functions from facts to text and to plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langspan.cli.columns import duration_text, printable
from langspan.cli.facts import TraceFacts, cost_text, dollars_of, tokens_of
from langspan.cli.rows import SpanRow
from langspan.cli.tables import aligned
from langspan.cli.terminal import Style
from langspan.conventions.names import (
    GEN_AI_AGENT_NAME,
    GEN_AI_REQUEST_MODEL,
    GEN_AI_RESPONSE_MODEL,
    OperationName,
)

_NS_PER_MS: Final = 1_000_000
_UNKNOWN: Final = "(unknown)"
_TITLES: Final = ("calls", "errors", "tokens in", "out", "cost", "median", "95 %", "longest")


@dataclass(frozen=True, slots=True)
class _Group:
    """The calls of one model, or the runs of one agent."""

    name: str
    rows: Sequence[SpanRow]

    @property
    def times(self) -> list[int]:
        """How long each took that has ended, the shortest first."""
        return sorted(max(row.end_ns - row.start_ns, 0) for row in self.rows if row.end_ns is not None)

    @property
    def errors(self) -> int:
        return sum(row.failed for row in self.rows)

    def cells(self, style: Style) -> list[str]:
        tokens = tokens_of(self.rows)
        times = self.times
        return [
            printable(self.name),
            str(len(self.rows)),
            str(self.errors or ""),
            *(("", "") if tokens is None else map(str, tokens)),
            cost_text(dollars_of(self.rows)),
            *(duration_text(quantile(times, share), style) if times else "" for share in (0.5, 0.95, 1.0)),
        ]

    def data(self) -> dict[str, Any]:
        tokens, times = tokens_of(self.rows), self.times
        return {
            "name": self.name,
            "calls": len(self.rows),
            "errors": self.errors,
            "input_tokens": tokens and tokens[0],
            "output_tokens": tokens and tokens[1],
            "cost_usd": dollars_of(self.rows),
            "median_ms": quantile(times, 0.5) / _NS_PER_MS if times else None,
            "p95_ms": quantile(times, 0.95) / _NS_PER_MS if times else None,
            "longest_ms": times[-1] / _NS_PER_MS if times else None,
        }


def summary(traces: Sequence[TraceFacts], style: Style) -> Iterator[str]:
    """Yield how many traces there are, and a table of models and one of agents."""
    failed = sum(trace.failed for trace in traces)
    yield f"{len(traces)} trace{'' if len(traces) == 1 else 's'}, {failed} failed"
    for title, groups in (("model", by_model(traces)), ("agent", by_agent(traces))):
        if groups:
            yield ""
            lines = [group.cells(style) for group in groups]
            yield from aligned((title, *_TITLES), lines, left={0}, style=style)


def data(traces: Sequence[TraceFacts]) -> dict[str, Any]:
    """Return the same as plain data, times in milliseconds."""
    return {
        "traces": len(traces),
        "failed": sum(trace.failed for trace in traces),
        "models": [group.data() for group in by_model(traces)],
        "agents": [group.data() for group in by_agent(traces)],
    }


def by_model(traces: Iterable[TraceFacts]) -> list[_Group]:
    """Group the calls of models by the one that was asked for, or else by the one that answered."""
    return _grouped(traces, lambda row: row.calls_model, GEN_AI_REQUEST_MODEL, GEN_AI_RESPONSE_MODEL)


def by_agent(traces: Iterable[TraceFacts]) -> list[_Group]:
    """Group the runs of agents; the tokens and costs of each are those of the models below it."""
    return _grouped(traces, lambda row: row.operation == OperationName.INVOKE_AGENT, GEN_AI_AGENT_NAME)


def _grouped(traces: Iterable[TraceFacts], takes: Callable[[SpanRow], bool], *keys: str) -> list[_Group]:
    groups: dict[str, list[SpanRow]] = defaultdict(list)
    for trace in traces:
        for row in filter(takes, trace.rows):
            found = (row.attributes[key] for key in keys if key in row.attributes)
            groups[str(next(found, _UNKNOWN))].append(row)
    return [_Group(name, rows) for name, rows in sorted(groups.items())]


def quantile(times: Sequence[int], share: float) -> int:
    """Return the shortest time that this share of the sorted times does not exceed."""
    return times[max(-int(-share * len(times) // 1), 1) - 1]
