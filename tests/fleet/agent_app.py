"""One application of the fleet: agents at a steady pace, with content of random words. Run as a script.

It prints what each trace consists of, a line each, and at the end one with what the ledger says.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import threading
import time
from collections import defaultdict
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import StatusCode

import langspan
from support.models import ScriptedChat, tool_call

RUNS = int(os.environ["FLEET_RUNS"])
PAUSE = float(os.environ["FLEET_PAUSE"])
LARGE_RUNS = int(os.environ["FLEET_LARGE_RUNS"])
"""So many of the runs have tools that answer with texts of `LARGE_BYTES`."""
LARGE_BYTES = 3_000_000
BYTES = 2_000
FAILS_EVERY = 10

words = random.Random(os.environ["FLEET_SEED"])
size = BYTES


def text(length: int) -> str:
    """Return words that do not compress: what is repeated would fit everywhere."""
    digits = words.randbytes(length // 2).hex()
    return " ".join(digits[start : start + 7] for start in range(0, len(digits), 7))


@tool
def search(query: str) -> str:
    """Search documents."""
    if query == "fails":
        raise LookupError(query)
    return text(size)


class Told(SpanProcessor):
    """Remembers each trace's spans, whether one failed, and when the first and the last ended."""

    def __init__(self) -> None:
        self.spans: defaultdict[str, list[str]] = defaultdict(list)
        self.failed: set[str] = set()
        self.first: dict[str, float] = {}

    def on_end(self, span: ReadableSpan) -> None:
        trace_id = f"{span.context.trace_id:032x}"
        self.spans[trace_id].append(f"{span.context.span_id:016x}")
        self.first.setdefault(trace_id, time.time())
        if span.status.status_code is StatusCode.ERROR:
            self.failed.add(trace_id)

    def take(self) -> list[dict[str, Any]]:
        """Return what ended since the last call, trace by trace; nothing is open meanwhile."""
        told = [
            {
                "trace": trace_id,
                "spans": spans,
                "failed": trace_id in self.failed,
                "first": self.first[trace_id],
                "last": time.time(),
                "large": size == LARGE_BYTES,
            }
            for trace_id, spans in self.spans.items()
        ]
        self.spans.clear()
        self.failed.clear()
        self.first.clear()
        return told


def run(*, fails: bool) -> None:
    """Let an agent search twice; one that fails searches a third time."""
    queries = [text(BYTES), text(BYTES), *(["fails"] if fails else [])]
    searches = [tool_call("search", f"call-{n}", query=query) for n, query in enumerate(queries)]
    answers: list[str | AIMessage] = [*searches, text(BYTES)]
    agent = create_agent(ScriptedChat(answers=answers), [search], name="researcher")
    with contextlib.suppress(LookupError):
        agent.invoke({"messages": [("user", text(BYTES))]})


def large_runs() -> set[int]:
    """Return which runs are large, spread over all; every other one of them fails."""
    places = [RUNS * (place + 1) // (LARGE_RUNS + 1) for place in range(LARGE_RUNS)]
    return {n - n % FAILS_EVERY + place % 2 for place, n in enumerate(places)}


def main() -> None:
    global size  # noqa: PLW0603 - the tool is called by the agent, which has no other way to tell it
    handle = langspan.instrument(capture_content=True, max_content_bytes=20_000_000)
    told = Told()
    trace.get_tracer_provider().add_span_processor(told)  # type: ignore[attr-defined]
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    large = large_runs()
    for number in range(RUNS):
        size = LARGE_BYTES if number in large else BYTES
        run(fails=number % FAILS_EVERY == 0)
        for line in told.take():
            print(json.dumps(line), flush=True)  # noqa: T201 - read by the test
        if closed.wait(PAUSE):
            break
    handle.flush(120)
    spans = handle.stats().spans
    print(json.dumps({"recorded": spans.recorded, "sent": spans.sent, "lost": dict(spans.lost)}))  # noqa: T201


if __name__ == "__main__":
    main()
