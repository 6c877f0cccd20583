"""Where an error came from: the spans that failed first, and those that only passed it on. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from langspan.conventions.names import ERROR_TYPE


class Failing(Protocol):
    """What is asked of a span."""

    @property
    def trace_id(self) -> str:
        """The id of its trace."""

    @property
    def span_id(self) -> str:
        """Its id."""

    @property
    def parent_id(self) -> str | None:
        """The id of its parent."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes."""

    @property
    def failed(self) -> bool:
        """Whether its status is an error."""

    @property
    def message(self) -> str:
        """The description of its status."""


def passing_on(spans: Iterable[Failing]) -> set[tuple[str, str]]:
    """Return the ids, of trace and span, of failed spans whose error a child of theirs had before."""
    failed = [span for span in spans if span.failed]
    below: dict[tuple[str, str | None], list[Failing]] = defaultdict(list)
    for span in failed:
        below[span.trace_id, span.parent_id].append(span)
    ids = ((span, (span.trace_id, span.span_id)) for span in failed)
    return {key for span, key in ids if any(_is_same(span, child) for child in below[key])}


def _is_same(span: Failing, child: Failing) -> bool:
    if _class_of(span) != _class_of(child):
        return False
    ours, theirs = span.message, child.message
    return not ours or not theirs or ours in theirs or theirs in ours


def _class_of(span: Failing) -> str:
    """Return the class of an error without its module, which not every instrumentation tells."""
    kind = str(span.attributes.get(ERROR_TYPE, "")) or span.message.partition(":")[0]
    return kind.rpartition(".")[2]
