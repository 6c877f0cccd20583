"""Which traces of a file are wanted. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from langspan.cli.facts import TraceFacts


@dataclass(frozen=True, slots=True)
class Selection:
    """What a trace must be like; each condition that is set must hold."""

    trace: str | None = None
    errors: bool = False
    slower: int | None = None
    conversation: str | None = None
    name: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether every trace is wanted."""
        return self == Selection()

    def takes(self, trace: TraceFacts) -> bool:
        """Return whether a trace is wanted."""
        return (
            trace.trace_id.startswith((self.trace or "").lower())
            and (not self.errors or bool(trace.causes))
            and (self.slower is None or trace.duration_ns > self.slower)
            and (self.conversation is None or self.conversation in trace.conversations)
            and (self.name is None or _is_named(trace, self.name))
        )


def chosen(traces: Iterable[TraceFacts], selection: Selection) -> list[TraceFacts]:
    """Return the traces that are wanted, in their order."""
    return [trace for trace in traces if selection.takes(trace)]


def _is_named(trace: TraceFacts, name: str) -> bool:
    wanted = f"*{name.lower().replace('[', '[[]')}*"
    return any(fnmatchcase(row.name.lower(), wanted) for row in trace.rows)
