"""Random trees of runs, and the forest of spans that each must become."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

BODIES = ("lambda", "tool", "chat", "llm", "retriever")
"""Runs with a body of code, which may call others."""
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
SYNC_WAYS = ("invoke", "stream", "close", "batch", "thread")
ASYNC_WAYS = (*SYNC_WAYS, "task", "events")
CANCELLABLE_WAYS = ("invoke", "stream", "task", "part")


@dataclass(frozen=True)
class Call:
    """How a run is called.

    Attributes:
        run: What is called.
        way: By which method; "close" reads one item of a stream and closes it, "thread" and "task" are where.
        in_span: A span of the user's own is around the call.
    """

    run: Run
    way: str
    in_span: bool = False


@dataclass(frozen=True)
class Run:
    """A run that will happen.

    Attributes:
        kind: One of `BODIES`, or "sequence", "parallel", "graph", "fan-out" (a graph), "node" (in a graph).
        calls: What its body calls, or the parts that it is composed of.
        fails: Its body raises in the end.
        waits: Its asynchronous body never returns: it will be cancelled.
        swallows: Its body catches what its calls raise.
        blocking: Its body is a plain function even where others are coroutine functions.
        hidden: It bears LangSmith's tag for runs that are not shown.
        name: Unique in the tree.
    """

    kind: str
    calls: tuple[Call, ...] = ()
    fails: bool = False
    waits: bool = False
    swallows: bool = False
    blocking: bool = False
    hidden: bool = False
    name: str = ""

    def walk(self) -> Iterator[Run]:
        """This run and every one below."""
        yield self
        for call in self.calls:
            yield from call.run.walk()


class Span(NamedTuple):
    """A span as it must be exported. Siblings are compared in the order of their names."""

    name: str
    kind: SpanKind
    status: str
    children: tuple[Span, ...]


# -- generation


@st.composite
def runs(draw: st.DrawFn, depth: int = 3) -> Run:
    """A random run and everything below it."""
    kinds = BODIES if depth == 0 else (*BODIES, "lambda", "sequence", "parallel", "graph", "fan-out")
    kind = draw(st.sampled_from(kinds))
    if kind in ("sequence", "parallel"):
        parts = draw(st.lists(runs(depth - 1), min_size=2, max_size=3))
        return Run(kind, tuple(Call(part, "part") for part in parts))
    if kind in ("graph", "fan-out"):
        parts = draw(st.lists(st.one_of(_bodies("node", depth), _graphs(depth)), min_size=1, max_size=3))
        return Run(kind, tuple(Call(part, "part") for part in parts))
    return draw(_bodies(kind, depth))


def _graphs(depth: int) -> st.SearchStrategy[Run]:
    nodes = st.lists(_bodies("node", depth - 1), min_size=1, max_size=2)
    return nodes.map(lambda parts: Run("graph", tuple(Call(part, "part") for part in parts)))


@st.composite
def _bodies(draw: st.DrawFn, kind: str, depth: int) -> Run:
    calls = draw(st.lists(_calls(depth - 1), max_size=2)) if depth > 0 else []
    return Run(
        kind,
        tuple(calls),
        fails=draw(st.sampled_from((False, False, False, True))),
        swallows=draw(st.booleans()),
        blocking=draw(st.booleans()),
        hidden=kind != "node" and draw(st.sampled_from((False, False, False, True))),
    )


def _calls(depth: int) -> st.SearchStrategy[Call]:
    return st.builds(Call, runs(depth), st.sampled_from(ASYNC_WAYS), st.booleans())


def trees(depth: int = 3) -> st.SearchStrategy[Call]:
    """A call at the top of everything."""
    return _calls(depth).map(settled)


@st.composite
def cancelled_trees(draw: st.DrawFn) -> Call:
    """A call that never returns: one of its runs waits, and nothing else runs meanwhile."""

    def wait_in(run: Run) -> Run:
        kind = {"parallel": "sequence", "fan-out": "graph"}.get(run.kind, run.kind)
        place = draw(st.integers(0 if kind in ("sequence", "graph") else -1, len(run.calls) - 1))
        run = dataclasses.replace(run, kind=kind, blocking=False)
        if place == -1:
            return dataclasses.replace(run, waits=True, swallows=True)
        before = tuple(call for call in run.calls[:place] if not raises(call.run))
        return dataclasses.replace(run, calls=(*before, wait_under(run.calls[place])))

    def wait_under(call: Call) -> Call:
        way = call.way if call.way in CANCELLABLE_WAYS else "invoke"
        return dataclasses.replace(call, run=wait_in(call.run), way=way)

    return settled(wait_under(draw(_calls(2))))


def settled(call: Call, prefix: str = "r") -> Call:
    """Give runs their names, and replace what LangChain leaves to chance.

    Which siblings still run when one fails or a stream is closed is up to the scheduler, so parallel runs
    that fail are neither streamed nor fanned out by a graph, and a fan-out is read to its end.
    """
    numbers = itertools.count()

    def settle(run: Run, *, hidden: bool) -> Run:
        name = f"{prefix}{next(numbers)}"
        # Tags of a config are handed down, those of a component are its own.
        handed_down = hidden or (run.hidden and run.kind == "lambda")
        calls = tuple(
            dataclasses.replace(call, run=settle(call.run, hidden=handed_down)) for call in run.calls
        )
        calls = tuple(dataclasses.replace(call, way=_sure_way(call)) for call in calls)
        kind = "graph" if run.kind == "fan-out" and any(raises(call.run) for call in calls) else run.kind
        return dataclasses.replace(run, name=name, calls=calls, kind=kind, hidden=hidden or run.hidden)

    top = dataclasses.replace(call, run=settle(call.run, hidden=False), in_span=False)
    return dataclasses.replace(top, way=_sure_way(top))


def _sure_way(call: Call) -> str:
    if call.way in ("stream", "close", "events") and _has_failing_parallel(call.run):
        return "invoke"
    # A graph's stream shows nothing of hidden nodes.
    if call.way == "close" and any(
        part.kind == "fan-out" or (part.kind == "graph" and part.hidden) for part in _streamed(call.run)
    ):
        return "stream"
    return call.way


def _streamed(run: Run) -> Iterator[Run]:
    """The runs that are streamed along with a stream of this one."""
    yield run
    if run.kind in ("sequence", "parallel"):
        for call in run.calls:
            yield from _streamed(call.run)


def _has_failing_parallel(run: Run) -> bool:
    return any(part.kind == "parallel" and raises(part) for part in _streamed(run))


def raises(run: Run) -> bool:
    """Whether the run ends with an exception."""
    return run.fails or (not run.swallows and any(raises(call.run) for call in run.calls))


# -- expectation


class Ran(NamedTuple):
    """What is left of a run or a call: its spans, and how it ended."""

    spans: list[Span]
    end: str


def expected(call: Call, *, genai_only: bool = False) -> tuple[Span, ...]:
    """The spans that a call must become."""
    forest = _call(call).spans
    return _sorted(_reduced(forest) if genai_only else forest)


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
