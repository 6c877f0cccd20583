"""Many runs, well and badly ended, leave nothing behind and slow nothing down.

`LANGSPAN_SOAK_RUNS` sets how many; by hand, try 100000.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

import langspan
from langspan._guard import Guard
from langspan.context.scope import current_scope
from support.mixed_runs import CHAT, GENERATION, LLM, STREAMED, Tally, carry_out

RUNS = int(os.environ.get("LANGSPAN_SOAK_RUNS", "15000"))
ROOM = 100_000
"""Bytes that may come and go with the moment of measuring."""


STRETCHES = 2
"""What somebody else keeps is kept in one of them; a leak is in all."""


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def handle(tally: Tally) -> Iterator[langspan.Instrumentation]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(tally)
    instrumentor = langspan.LangSpanInstrumentor()
    instrumentor.instrument(tracer_provider=provider, guard=Guard(raising=True))
    assert instrumentor.instrumentation is not None
    yield instrumentor.instrumentation
    langspan.uninstrument()


def test_mixed_runs_leave_nothing_behind(handle: langspan.Instrumentation, tally: Tally) -> None:
    """Open runs and scopes: none. Memory: flat, where a leak grows from each late moment to the next."""

    def memory() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    asyncio.run(carry_out(tally, max(RUNS // 2, 3 * GENERATION)))
    gc.collect()
    tracemalloc.start()
    try:
        # Ended runs are remembered in two generations: all of what is there has to be seen being made, and
        # all moments have to find the younger one equally full.
        asyncio.run(carry_out(tally, tally.started + 2 * GENERATION))
        moments = [memory()]
        stretch = max(1, (RUNS - tally.started) // GENERATION // STRETCHES) * GENERATION
        for _ in range(STRETCHES):
            asyncio.run(carry_out(tally, tally.started + stretch))
            moments.append(memory())
    finally:
        tracemalloc.stop()
    growth = [after - before for before, after in itertools.pairwise(moments)]
    assert ROOM > min(growth), f"{growth} bytes more after {stretch} runs each"
    assert 0 == handle.open_runs
    assert current_scope() is None
    assert tally.started == tally.ended.total()
    assert {"ok", "ValueError", "cancelled", "closed", "incomplete", "interrupted"} == tally.ended.keys()


def test_runs_without_end_stay_under_the_cap(
    monkeypatch: pytest.MonkeyPatch, tally: Tally, request: pytest.FixtureRequest
) -> None:
    """The streams are kept open: those too many are ended, marked, and not ended again when closed."""
    monkeypatch.setenv("LANGSPAN_MAX_OPEN_RUNS", "100")
    handle = request.getfixturevalue("handle")
    streams = [STREAMED.stream("x") for _ in range(1_000)]
    for stream in streams:
        next(stream)
    assert 100 == handle.open_runs
    assert {"incomplete": 900} == tally.ended
    for stream in streams:
        stream.close()
    assert {"incomplete": 900, "closed": 100} == tally.ended


def test_old_runs_are_ended_when_others_start(handle: langspan.Instrumentation, tally: Tally) -> None:
    """Looking for them is a matter of many starts, not of each."""
    now = 0.0
    handle._handler.recorder._runs._clock = lambda: now
    streams = [STREAMED.stream("x") for _ in range(10)]
    for stream in streams:
        next(stream)
    now = 86_401.0
    for _ in range(100):
        CHAT.invoke("x")
    assert {"incomplete": 10, "ok": 100} == tally.ended


def test_the_history_of_ended_runs_slows_nothing_down(handle: langspan.Instrumentation, tally: Tally) -> None:
    def seconds_per_run() -> float:
        """The quickest of many short stretches: a busy machine only makes stretches longer."""
        stretches = []
        for _ in range(30):
            start = time.perf_counter()
            for _ in range(20):
                CHAT.invoke("x")
            stretches.append(time.perf_counter() - start)
        return min(stretches) / 20

    CHAT.invoke("x")
    young = seconds_per_run()
    while tally.started < RUNS:
        LLM.batch(["x"] * 100)
    assert 2 * young > seconds_per_run()
