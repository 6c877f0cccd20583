"""The forest of spans that a tree of runs must become."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import NamedTuple

from opentelemetry.trace import SpanKind

from support.trees import BODIES, Call, Run

OPERATIONS = {
    "tool": "execute_tool",
    "chat": "chat",
    "llm": "text_completion",
    "retriever": "retrieval",
    "graph": "invoke_workflow",
    "fan-out": "invoke_workflow",
    "node": "node",
}
CLIENTS = ("chat", "llm", "retriever")


class Span(NamedTuple):
    """A span as it must be exported. Siblings are compared in the order of their names."""

    name: str
    kind: SpanKind
    status: str
    children: tuple[Span, ...]


class Ran(NamedTuple):
    """What is left of a run or a call: its spans, and how it ended."""

    spans: list[Span]
    end: str


def expected(call: Call, *, genai_only: bool = False) -> tuple[Span, ...]:
    """The spans that a call must become."""
    forest = _call(call).spans
    if not genai_only:
        return _sorted(forest)
    if call.in_span:
        return _sorted(_reduced(forest))
    # A chain at the root of its trace holds it together.
    return _sorted([root._replace(children=_sorted(_reduced(root.children))) for root in forest])


def _call(call: Call) -> Ran:
    copies = _copies(call.run, 2, call.way) if call.way == "batch" else [_run(call.run, call.way)]
    spans, end = [span for copy in copies for span in copy.spans], copies[0].end
    if not call.in_span:
        return Ran(spans, end)
    # OpenTelemetry does not mark spans that are left by a cancellation.
    status = "ok" if end == "cancelled" else end
    return Ran([Span(f"around {call.run.name}", SpanKind.INTERNAL, status, _sorted(spans))], end)


def _copies(run: Run, count: int, way: str) -> list[Ran]:
    """A batch: of a completion model it is one call of its body; a sequence takes its steps one by one."""
    if run.kind == "llm":
        first = _run(run, way)
        other = Ran([] if run.hidden else [first.spans[0]._replace(children=())], first.end)
        return [first, *([other] * (count - 1))]
    if run.kind == "sequence":
        steps, end = _until_one_stops(run, lambda part, _: _copies(part, count, way))
        return [
            Ran(_shown(run, [span for step in steps for span in step[copy].spans], end), end)
            for copy in range(count)
        ]
    return [_run(run, way) for _ in range(count)]


def _run(run: Run, way: str) -> Ran:
    if run.kind in BODIES or run.kind == "node":
        return _body(run)
    if run.kind in ("parallel", "fan-out"):
        parts = [_part(run, call.run, way) for call in run.calls]
        end = next((part.end for part in parts if part.end != "ok"), "ok")
    else:
        calls = run.calls[:1] if run.kind == "graph" and way == "close" else run.calls
        copies, end = _until_one_stops(
            dataclasses.replace(run, calls=calls),
            # Only the last step's stream is closed early: the ones before have been read to their end.
            lambda part, last: [_part(run, part, way if last else "stream")],
        )
        parts = [copy[0] for copy in copies]
    return Ran(_shown(run, [span for part in parts for span in part.spans], end), end)


def _until_one_stops(run: Run, evaluate: Callable[[Run, bool], list[Ran]]) -> tuple[list[list[Ran]], str]:
    done: list[list[Ran]] = []
    for position, call in enumerate(run.calls):
        done.append(evaluate(call.run, position == len(run.calls) - 1))
        if done[-1][0].end != "ok":
            return done, done[-1][0].end
    return done, "ok"


def _body(run: Run) -> Ran:
    spans, end = [Span(f"in {run.name}", SpanKind.INTERNAL, "ok", ())], "error" if run.fails else "ok"
    end = "cancelled" if run.waits else end
    for call in run.calls:
        called = _call(call)
        spans += called.spans
        if called.end == "cancelled" or (called.end == "error" and not run.swallows):
            end = called.end
            break
    return Ran(_shown(run, spans, end), end)


def _part(run: Run, part: Run, way: str) -> Ran:
    if run.kind in ("sequence", "parallel") or part.kind == "node":
        return _run(part, way)
    nested = _run(part, "invoke")
    node = Run("node", name=part.name, hidden=part.hidden)
    return Ran(_shown(node, nested.spans, nested.end), nested.end)


def _shown(run: Run, below: list[Span], end: str) -> list[Span]:
    if run.hidden:
        return below
    kind = SpanKind.CLIENT if run.kind in CLIENTS else SpanKind.INTERNAL
    operation = OPERATIONS.get(run.kind)
    return [Span(f"{operation} {run.name}" if operation else run.name, kind, end, _sorted(below))]


def _reduced(forest: Iterable[Span]) -> list[Span]:
    """Without chains, steps and nodes; what is below them moves up."""
    reduced: list[Span] = []
    for span in forest:
        below = _reduced(span.children)
        first = span.name.split()[0]
        kept = first in ("in", "around") or (first in OPERATIONS.values() and first != "node")
        reduced += [span._replace(children=_sorted(below))] if kept else below
    return reduced


def _sorted(forest: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(forest, key=order))


def order(span: Span) -> tuple[object, ...]:
    """The order of siblings: any will do, as long as it is always the same."""
    return span.name, span.kind.value, span.status, tuple(map(order, span.children))
