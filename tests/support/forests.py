"""Exported spans as a forest that can be compared with the expected one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from support.expectations import Span, order


def exported(spans: Sequence[ReadableSpan]) -> tuple[Span, ...]:
    """What was exported, as trees.

    Raises:
        AssertionError: A span's parent was never exported, or is in another trace; or one
            trace has two roots.
    """
    by_id = {span.context.span_id: span for span in spans}
    assert len(spans) == len(by_id), "a span was exported twice"
    below: dict[int | None, list[ReadableSpan]] = defaultdict(list)
    for span in spans:
        if span.parent is not None:
            assert span.parent.span_id in by_id, f"the parent of {span.name} was not exported"
            assert span.parent.trace_id == span.context.trace_id
        below[span.parent.span_id if span.parent else None].append(span)

    assert len(below[None]) == len({root.context.trace_id for root in below[None]}), "two roots in one trace"

    def tree(span: ReadableSpan) -> Span:
        children = [tree(child) for child in below[span.context.span_id]]
        return Span(span.name, span.kind, _status(span), tuple(sorted(children, key=order)))

    return tuple(sorted((tree(root) for root in below[None]), key=order))


def _status(span: ReadableSpan) -> str:
    outcome = (span.attributes or {}).get("langspan.outcome")
    if outcome == "closed":
        return "ok"
    if outcome is not None:
        return str(outcome)
    return "error" if span.status.status_code is StatusCode.ERROR else "ok"
