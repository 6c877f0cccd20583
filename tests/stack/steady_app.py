"""An application under load: chat calls until its standard input closes. Run as a script by the tests.

It prints a line with each trace's id, and at the end one with what the ledger says.
"""

import json
import sys
import threading

from opentelemetry import trace

import langspan
from support.models import ScriptedChat

PAUSE = 0.01
"""Seconds between two requests."""


def wait_for_the_end(closed: threading.Event) -> None:
    sys.stdin.read()
    closed.set()


def main() -> None:
    handle = langspan.instrument()
    tracer = trace.get_tracer("application")
    model = ScriptedChat(answers=("yes",))
    closed = threading.Event()
    threading.Thread(target=wait_for_the_end, args=(closed,), daemon=True).start()
    while not closed.wait(PAUSE):
        with tracer.start_as_current_span("request") as span:
            model.invoke("Are you there?")
        print(f"{span.get_span_context().trace_id:032x}", flush=True)  # noqa: T201 - read by the test
    handle.flush(20)
    spans = handle.stats().spans
    told = {"recorded": spans.recorded, "sent": spans.sent, "lost": dict(spans.lost)}
    print(json.dumps(told))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
