"""Named cases of ways to run something, and the one check that all of them must pass.

A case is a function that takes a `Probe` and does what an application would do, and the tree of spans that
it must leave. A module of tests collects its cases in a `Cases` table and checks each of them, alone and
under an application's span.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from support import drawing
from support.capabilities import Capability
from support.probe import LogWatch, Probe, settled
from support.recording import Recording, instrumented, open_runs

CaseFunction = Callable[[Probe], Coroutine[Any, Any, None] | None]


@dataclass(frozen=True)
class Case:
    """One way to run something.

    Attributes:
        run: Does it; a coroutine function runs on an event loop of its own.
        tree: The spans that must be exported, as `support.drawing` writes them.
    """

    run: CaseFunction
    tree: str


class Cases:
    """A table of cases, filled by decorating functions with it."""

    def __init__(self) -> None:
        self._cases: list[Any] = []

    def __call__(
        self, tree: str | None = None, *, needs: Capability | None = None, marks: tuple[Any, ...] = ()
    ) -> Callable[[CaseFunction], CaseFunction]:
        """Add the decorated function with the tree it must leave.

        Args:
            tree: Indented text; siblings in any order. Without one: the same as the case above.
            needs: What the installed libraries must be able to do, else the case is skipped.
            marks: More pytest marks.
        """

        def add(run: CaseFunction) -> CaseFunction:
            skip = () if needs is None else (needs.mark,)
            case = Case(run, self._cases[-1].values[0].tree if tree is None else tree)
            self._cases.append(pytest.param(case, id=run.__name__, marks=(*skip, *marks)))
            return run

        return add

    def each(self, test: Callable[..., None]) -> Callable[..., None]:
        """Run a test of `case` and `outer` for every case, alone and under an application's span."""
        outer = pytest.mark.parametrize("outer", [False, True], ids=["alone", "under-a-span"])
        marked: Callable[..., None] = outer(pytest.mark.parametrize("case", self._cases)(test))
        return marked


def check(
    case: Case,
    recording: Recording,
    *,
    outer: bool,
    draw: Callable[[Sequence[ReadableSpan]], str] = drawing.drawn,
) -> None:
    """Run a case and check the five claims.

    1. In each body the run's span is current: the tree holds the application's spans too, and the probe
       compared what would be injected into a request.
    2. The caller's context is what it was before; an outer span is current and recording.
    3. Consumers of streams saw what they saw before, at every item.
    4. Every span that started was exported, once, and no run is open.
    5. Every parent is right, and there is one trace for each root. And nothing was logged.

    Args:
        case: What to run, and the tree it must leave.
        recording: Where its spans go.
        outer: Run it under an application's span.
        draw: How the exported spans become the text that is compared.
    """
    probe = Probe(recording)
    with LogWatch().watching() as log, instrumented(recording) as handle:
        if inspect.iscoroutinefunction(case.run):
            asyncio.run(_arun(case.run, probe, outer=outer))
        else:
            _run(case.run, probe, outer=outer)
        gc.collect()
        left = open_runs(handle), probe.spans.open
    tree = drawing.below("application", case.tree) if outer else case.tree
    roots = [line for line in drawing.written(tree).splitlines() if not line.startswith(" ")]
    assert drawing.written(tree) == draw(recording.spans)
    assert [] == probe.faults
    assert (0, []) == left
    assert len(roots) == len(recording.trace_ids())
    assert [] == log.lines


@contextmanager
def _caller(probe: Probe, *, outer: bool) -> Iterator[Callable[[str], None]]:
    """Stand where the application calls from; yields a way to look around there."""
    with probe.tracer.start_as_current_span("application") if outer else nullcontext() as span:
        probe.stand_here()

        def look(when: str) -> None:
            probe.look(when)
            if span is not None and not (trace.get_current_span() is span and span.is_recording()):
                probe.faults.append(f"{when}: the application's span is not current and recording")

        yield look


def _run(run: CaseFunction, probe: Probe, *, outer: bool) -> None:
    with _caller(probe, outer=outer) as look:
        run(probe)
        look("after the call")


async def _arun(run: Callable[[Probe], Coroutine[Any, Any, None]], probe: Probe, *, outer: bool) -> None:
    with _caller(probe, outer=outer) as look:
        await run(probe)
        look("after the call")
        probe.faults += await settled()
        look("after all that the call has left behind")
