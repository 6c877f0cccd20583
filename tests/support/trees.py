"""Random trees of runs: plain data, and how it is drawn."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

BODIES = ("lambda", "tool", "chat", "llm", "retriever")
"""Runs with a body of code, which may call others."""
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

    def settle(call: Call, caller: Call | None, *, hidden: bool) -> Call:
        run = _tamed(call.run, caller)
        name = f"{prefix}{next(numbers)}"
        # Tags of a config are handed down, those of a component are its own.
        handed_down = hidden or (run.hidden and run.kind == "lambda")
        within = dataclasses.replace(call, run=run)
        calls = tuple(settle(each, within, hidden=handed_down) for each in run.calls)
        kind = "graph" if run.kind == "fan-out" and any(raises(each.run) for each in calls) else run.kind
        run = dataclasses.replace(run, name=name, calls=calls, kind=kind, hidden=hidden or run.hidden)
        call = dataclasses.replace(call, run=run)
        return dataclasses.replace(call, way=_sure_way(call))

    return settle(dataclasses.replace(call, in_span=False), None, hidden=False)


def _tamed(run: Run, caller: Call | None) -> Run:
    if caller is not None and caller.run.kind == "sequence":
        if run.kind == "sequence":
            # LangChain makes one sequence of the two.
            calls = tuple(dataclasses.replace(call, way="invoke") for call in run.calls)
            return dataclasses.replace(run, kind="lambda", calls=calls)
        if caller.way == "batch" and run.kind == "lambda":
            # Of a step with tags or arguments bound to it, LangChain tells a wrong parent in a nested batch.
            return dataclasses.replace(run, hidden=False)
        if caller.way == "batch" and run.kind in ("graph", "fan-out"):
            # Of a graph as well: LangGraph merges the callbacks given with those around, which win.
            return dataclasses.replace(run, kind="lambda", hidden=False, calls=())
    return run


def _sure_way(call: Call) -> str:
    streamed = list(_streamed(call.run))
    if call.way in ("stream", "close", "events"):
        if any(part.kind == "parallel" and raises(part) for part in streamed):
            return "invoke"
        # A graph's stream shows nothing of hidden nodes, and an empty stream fails in the step after it.
        if any(part.kind in ("graph", "fan-out") and part.hidden for part in streamed):
            return "invoke"
    # Inside a node, the first item of a graph's stream comes before any of its nodes has run.
    closed_unread = call.run.kind != "graph" and any(part.kind == "graph" for part in streamed)
    if call.way == "close" and (closed_unread or any(part.kind == "fan-out" for part in streamed)):
        return "stream"
    return call.way


def _streamed(run: Run) -> Iterator[Run]:
    """The runs that are streamed along with a stream of this one."""
    yield run
    if run.kind in ("sequence", "parallel"):
        for call in run.calls:
            yield from _streamed(call.run)


def raises(run: Run) -> bool:
    """Whether the run ends with an exception."""
    return run.fails or (not run.swallows and any(raises(call.run) for call in run.calls))
