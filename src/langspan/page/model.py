"""What the page shows, as JSON: groups of traces, their spans in tree order, and their figures. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from langspan.conventions import names
from langspan.page.figures import Sums, conversation_of, error_text, sums_of
from langspan.page.spans import Event, Link, Span
from langspan.page.trees import by_trace, preorder, roots_of

_NS_PER_MS: Final = 1_000_000
# JavaScript's numbers are exact up to here; larger ones are shown as text, with all their digits.
_MOST_EXACT: Final = 2**53 - 1


def page_data(spans: Iterable[Span], title: str) -> dict[str, Any]:
    """Return what the page shows.

    Args:
        spans: Spans of any traces, in any order.
        title: What the spans are from, such as the name of a file.

    Returns:
        Plain values: `groups` are conversations, or single traces that belong to none, in the order of their
        beginning; each has the numbers of its `traces` in theirs. A span's `parent` is the number of another
        one of its trace, or -1. Times are in milliseconds, those of spans since their trace began.
    """
    resources: dict[str, int] = {}
    grouped = by_trace(spans)
    traces = [_trace(trace, each, resources) for trace, each in grouped.items()]
    return {
        "title": title,
        "traces": traces,
        "groups": _groups(traces, list(grouped.values())),
        "resources": [json.loads(text) for text in resources],
    }


def _groups(traces: Sequence[Mapping[str, Any]], spans: Sequence[Sequence[Span]]) -> list[dict[str, Any]]:
    members: dict[str, list[int]] = defaultdict(list)
    for number, trace in enumerate(traces):
        # A space stands before the conversations' ids, so that none is taken for the number of a trace.
        members[f" {trace['conversation']}" if trace["conversation"] else str(number)].append(number)
    return [
        {
            "conversation": key.removeprefix(" ") if key.startswith(" ") else "",
            "traces": numbers,
            "sums": _sums(sums_of([span for number in numbers for span in spans[number]])),
        }
        for key, numbers in members.items()
    ]


def _trace(trace_id: str, spans: Sequence[Span], resources: dict[str, int]) -> dict[str, Any]:
    begin = spans[0].start_ns
    rows: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for node, depth in preorder(roots_of(spans)):
        span = node.span
        # At depth 0 a parent may be known and still not be above: spans can be each other's parent.
        parent = numbers.get(span.parent_id or "", -1) if depth else -1
        numbers[span.span_id] = len(rows)
        rows.append(_row(span, begin, resources) | {"depth": depth, "parent": parent})
    return {
        "id": trace_id,
        "name": rows[0]["name"],
        "conversation": conversation_of(spans),
        "start": begin / _NS_PER_MS,
        "sums": _sums(sums_of(spans)),
        "spans": rows,
    }


def _row(span: Span, begin: int, resources: dict[str, int]) -> dict[str, Any]:
    duration = span.duration_ns
    figures = {
        "id": span.span_id,
        "parentId": span.parent_id,
        "name": span.name,
        "operation": span.operation,
        "start": (span.start_ns - begin) / _NS_PER_MS,
        "duration": None if duration is None else duration / _NS_PER_MS,
        "error": error_text(span),
        "outcome": span.text(names.LANGSPAN_OUTCOME),
        "input": span.number(names.GEN_AI_USAGE_INPUT_TOKENS),
        "output": span.number(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        "cost": span.number(names.LANGSPAN_COST_AMOUNT),
        "currency": span.text(names.LANGSPAN_COST_CURRENCY),
    }
    resource = json.dumps(_safe(span.resource), sort_keys=True)
    return {key: value for key, value in figures.items() if value not in (None, "")} | {
        "attributes": _safe(span.attributes),
        "events": [_event(event, begin) for event in span.events],
        "links": [_link(link) for link in span.links],
        "resource": resources.setdefault(resource, len(resources)),
    }


def _event(event: Event, begin: int) -> dict[str, Any]:
    at = (event.time_ns - begin) / _NS_PER_MS
    return {"name": event.name, "at": at, "attributes": _safe(event.attributes)}


def _link(link: Link) -> dict[str, Any]:
    return {"trace": link.trace_id, "span": link.span_id, "attributes": _safe(link.attributes)}


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "spans": sums.spans,
        "errors": sums.errors,
        "input": sums.input_tokens,
        "output": sums.output_tokens,
        "cost": [[currency, amount] for currency, amount in sums.cost.items()],
        "duration": sums.duration_ns / _NS_PER_MS,
    }


def _safe(value: Any) -> Any:
    """Return a plain value in which each number is one that JSON and JavaScript keep as it is."""
    if isinstance(value, Mapping):
        return {key: _safe(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_safe(each) for each in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if abs(value) <= _MOST_EXACT else str(value)
    return value
