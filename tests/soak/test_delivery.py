"""Many spans to a receiver that fails at random: the ledger stays exact, and memory flat.

`LANGSPAN_SOAK_RUNS` sets how many; by hand, try 200000.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import tracemalloc

import pytest

from langspan.export import Telemetry, resolve
from support.otlp import Reply, Server, receive

RUNS = int(os.environ.get("LANGSPAN_SOAK_RUNS", "15000"))
ROUND = 1500
ROOM = 200_000
"""Bytes that may come and go with the moment of measuring."""


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
def server() -> Server:
    with receive() as server:
        server.always = FailsAtRandom()
        yield server


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch, server: Server) -> Telemetry:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100")
    telemetry = resolve(environ=os.environ)
    yield telemetry
    telemetry.shutdown(10)


def test_a_receiver_that_fails_at_random_leaves_the_ledger_exact_and_memory_flat(
    telemetry: Telemetry, server: Server
) -> None:
    tracer = telemetry.tracer_provider.get_tracer("t")
    received = ended = 0
    moments: list[int] = []
    for number in range(max(RUNS // ROUND, 6)):
        for index in range(ROUND):
            tracer.start_span(f"s{index}", attributes={"number": index, "text": f"{number} {index}"}).end()
        ended += ROUND
        telemetry.flush(30)
        spans = telemetry.stats()[0]
        received += len(server.received.spans)
        assert ended == spans.recorded == spans.sent + spans.lost_total + spans.waiting
        assert (0, received - server.always.rejected) == (spans.waiting, spans.sent)
        for kept in (server.received.spans, server.received.requests, server.received.sizes):
            kept.clear()
        server.received.headers.clear()
        gc.collect()
        if number == 2:  # caches are full
            tracemalloc.start()
        elif number > 2:
            moments.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert {"rejected", "refused", "redirected"} <= spans.lost.keys()
    growth = [after - before for before, after in itertools.pairwise(moments[1:] or moments)]
    assert ROOM > min(growth), growth
