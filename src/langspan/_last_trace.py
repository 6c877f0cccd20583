"""The trace that ended last, to look at in a notebook. Imported when it is first used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from opentelemetry.trace import format_trace_id

from langspan._export_settings import KEEP_LAST_TRACES
from langspan._instrumentor import running_last_traces, running_recorder
from langspan.export.file import to_json_line
from langspan.page.figures import sums_of
from langspan.page.html import framed, page_html
from langspan.page.spans import spans_of


class LastTrace:
    """A trace that ended in this process. In a notebook, it displays itself as a page.

    Attributes:
        trace_id: Its id, as 32 hexadecimal digits.
        spans: Its spans that ended here, in the order of their end, as the SDK has them.
    """

    def __init__(self, spans: Sequence[Any]) -> None:
        self.trace_id = format_trace_id(spans[0].context.trace_id)
        self.spans = tuple(spans)

    def __repr__(self) -> str:
        sums = sums_of(list(spans_of(self._otlp())))
        seconds = f"{sums.duration_ns / 1e9:.3g} s"
        return f"<trace {self.trace_id}: {sums.spans} spans, {sums.errors} errors, {seconds}>"

    def to_html(self) -> str:
        """Return the page that shows it: one HTML document that needs nothing else, to be saved or sent."""
        return page_html(spans_of(self._otlp()), f"trace {self.trace_id}")

    def _repr_html_(self) -> str:
        """Return the page in a frame that keeps it apart from the notebook."""
        return framed(self.to_html())

    def _otlp(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(to_json_line(self.spans))
        return found


def last_trace() -> LastTrace | None:
    """Return the trace that ended last in this process: in a notebook, the last line of a cell displays it.

    Traces are kept in the kernel of a notebook where langspan builds the tracer provider, and everywhere else
    if `keep_last_traces` says so. What is shown has the content that was recorded.

    Returns:
        None if no trace has ended yet.

    Raises:
        RuntimeError: No traces are kept; the message says what to set.
    """
    keeper = running_last_traces()
    if keeper is None:
        former = "" if running_recorder() is None else " after uninstrument(),"
        raise RuntimeError(
            f"last_trace: no traces are kept; call{former} langspan.instrument({KEEP_LAST_TRACES.name}=10)"
            f" before the run, or set {KEEP_LAST_TRACES.variable}=10"
        )
    spans = keeper.newest()
    return LastTrace(spans) if spans else None
