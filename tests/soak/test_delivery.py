"""Many mixed runs to a receiver that fails at random: the ledger stays exact, and memory flat.

`LANGSPAN_SOAK_RUNS` sets how many are mixed; by hand, try 200000, with `-s` to see the figures.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import random
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from opentelemetry import trace

import langspan
from langspan.context.scope import current_scope
from support.mixed_runs import GENERATION, LLM, Tally, carry_out
from support.otlp import Reply, Server, receive

resource = pytest.importorskip("resource", reason="needs POSIX, for the memory of the process")
RUNS = int(os.environ.get("LANGSPAN_SOAK_RUNS", "1600"))
ROOM = 200_000
"""Bytes that may come and go with the moment of measuring."""
PEAK_ROOM = 32_000
"""Kilobytes by which the most that the process ever took may grow after the first moment."""
SOME = 500
PARTS = 4
"""One to warm up, one to be seen being made, and two to compare: what somebody else keeps is kept in one of
them, and a leak is in both."""


class FailsAtRandom:
    """Answers in every way that costs no time."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.rejected = 0

    def __call__(self) -> Reply | None:
        answer = self.random.choice(["ok", "ok", "ok", "partial", "refuse", "redirect", "again", "too large"])
        if answer == "partial":
            self.rejected += 1  # of a request of any size
            return Reply(rejected=1, text="quota")
        status = {"refuse": 400, "redirect": 301, "again": 503, "too large": 413}.get(answer)
        return status and Reply(status, headers={"Retry-After": "0", "Location": "https://elsewhere/"})


@pytest.fixture
def server() -> Iterator[Server]:
    with receive() as server:
        server.always = FailsAtRandom()
        yield server


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[langspan.Instrumentation]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100")
    handle = langspan.instrument()
    yield handle
    handle.shutdown(10)


class Soak:
    """Carries out runs, and compares after each generation what was recorded, delivered and received."""

    def __init__(self, handle: langspan.Instrumentation, server: Server) -> None:
        self.handle, self.server = handle, server
        self.tally = Tally()
        self.received = 0
        self.spans = handle.stats().spans
        trace.get_tracer_provider().add_span_processor(self.tally)

    def go_on(self, generations: int = 1) -> None:
        """Carry out a part of the mixed runs, and simple ones until whole generations are full."""
        mixed, since = RUNS // PARTS, self.tally.started
        full = since + max(generations, -(-mixed // GENERATION)) * GENERATION
        while self.tally.started < since + mixed:
            asyncio.run(carry_out(self.tally, min(self.tally.started + GENERATION, since + mixed)))
            gc.collect()
            self.check(flushed=self.handle.flush(60))
        while self.tally.started < full:
            LLM.batch(["x"] * min(full - self.tally.started, SOME))
            self.check(flushed=self.handle.flush(60))

    def check(self, *, flushed: bool) -> None:
        before, self.spans = self.spans, self.handle.stats().spans
        spans, received = self.spans, self.server.received
        self.received += len(received.spans)
        assert self.tally.started == self.tally.ended.total() == spans.recorded
        assert (spans.recorded, 0) == (spans.sent + spans.lost_total, spans.waiting)
        assert self.received - self.server.always.rejected == spans.sent
        assert flushed is (before.lost_total == spans.lost_total)
        for kept in (received.spans, received.requests, received.sizes, received.headers):
            kept.clear()

    def memory(self) -> tuple[int, int]:
        """What Python holds, in bytes, and the most that the process ever took, in kilobytes."""
        gc.collect()
        return tracemalloc.get_traced_memory()[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_receiver_that_fails_at_random_leaves_the_ledger_exact_memory_flat_and_nothing_open(
    handle: langspan.Instrumentation, server: Server
) -> None:
    soak, began = Soak(handle, server), time.monotonic()
    soak.go_on(2)
    tracemalloc.start()
    try:
        # All of what is there has to be seen being made.
        soak.go_on(2)
        moments = [soak.memory()]
        for _ in range(PARTS - 2):
            soak.go_on()
            moments.append(soak.memory())
    finally:
        tracemalloc.stop()
    figures = f"{time.monotonic() - began:.0f} s; {soak.spans}; memory (bytes, peak kB): {moments}"
    print(figures)  # noqa: T201 - for who runs it by hand
    assert ROOM > min(after[0] - before[0] for before, after in itertools.pairwise(moments)), moments
    assert PEAK_ROOM > moments[-1][1] - moments[0][1], moments
    assert {"rejected", "refused", "redirected"} <= soak.spans.lost.keys()
    assert {"ok", "ValueError", "cancelled", "closed", "incomplete", "interrupted"} == soak.tally.ended.keys()
    assert (0, None) == (handle.open_runs, current_scope())
    stats = handle.stats()
    assert (0, 0) == (stats.internal_errors, stats.runs_evicted)
