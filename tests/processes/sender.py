"""Processes that trace runs, flush, and end, each in the way that its row names.

What they import takes longer than what they do, so one process imports, and forks all of them: those of a
plan at once, plan after plan, as it reads them. They tell on the standard output, a line of JSON at a time,
and each waits for SIGUSR1 after a flush. A plan says for how long to flush, whether to wait for losses
before, and what the rows are.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from importlib import import_module
from typing import Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

import langspan

for protocol in ("grpc", "http"):
    import_module(f"opentelemetry.exporter.otlp.proto.{protocol}.trace_exporter")

CHAIN = ChatPromptTemplate.from_template("{text}") | FakeListChatModel(responses=["x"]) | StrOutputParser()
SPANS_OF_A_RUN = 4
RUNS = 2
LAST_FLUSH = 15.0
SETTLED_WITHIN = 30.0
STUCK_AFTER = 80.0
"""Then a process says where it is."""

row = ""
tracing: Any = None


def tell(step, **facts):
    """Write one line at once, so that those of several processes do not mix."""
    os.write(1, json.dumps({"row": row, "step": step, **facts}).encode() + b"\n")


def counts():
    spans = tracing.stats().spans
    return {
        "recorded": spans.recorded,
        "sent": spans.sent,
        "waiting": spans.waiting,
        "lost": dict(spans.lost),
    }


def tell_the_end(*_):
    if tracing:
        tell("end", **counts())


class Teller(logging.Handler):
    def emit(self, record):
        if record.name == "langspan":
            tell("log", text=record.getMessage()[:2000])


def work():
    for _ in range(RUNS):
        CHAIN.invoke({"text": "x"})


def settle():
    """Wait until nothing waits, so that the next flush has nothing to do."""
    deadline, pause = time.monotonic() + SETTLED_WITHIN, threading.Event()
    while tracing.stats().spans.waiting and time.monotonic() < deadline:
        pause.wait(0.01)


def flush(patience):
    before = counts()
    flushed = tracing.flush(patience)
    tell("flush", pid=os.getpid(), flushed=flushed, before=before, after=counts())


def returns():
    """Fall off the end of the script."""


def exits():
    sys.exit(3)


def raises():
    raise ValueError("as any script may")


def waits_for_sigterm():
    tell("ready", pid=os.getpid())
    pause = threading.Event()
    while True:  # a signal that comes just before a wait without end would be handled after it
        pause.wait(0.05)


def shuts_down():
    tracing.shutdown()


def flushes_and_leaves():
    flush(LAST_FLUSH)
    tell_the_end()
    os._exit(0)


def live(plan, own):
    global row, tracing  # noqa: PLW0603 - the state of a script
    row = own["row"]
    os.environ.update(own["environ"])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # before there are threads
    logging.getLogger().addHandler(Teller())
    faulthandler.dump_traceback_later(STUCK_AFTER)
    # An exit hook that is registered before those of langspan runs after them. None runs at SIGTERM: there
    # the handler ends the process with a kill.
    atexit.register(tell_the_end)
    sys.addaudithook(lambda event, _: tell_the_end() if event == "os.kill" else None)
    tracing = langspan.instrument()
    for patience in plan["flushes"]:
        work()
        if plan["settles"]:
            settle()
        flush(patience)
        signal.sigwait({signal.SIGUSR1})
    work()
    globals()[own["end"]]()


def fork(plan):
    """Fork a process for each row; return their names, or nothing in such a process, after its work."""
    children = {}
    for own in plan["rows"]:
        child = os.fork()
        if not child:
            live(plan, own)
            return {}
        children[child] = own["row"]
    return children


def main():
    gc.freeze()
    with open(0, "rb", buffering=0, closefd=False) as plans:
        while line := plans.readline():
            if not (children := fork(json.loads(line))):
                return
            for child, name in children.items():
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                os.write(1, json.dumps({"row": name, "step": "code", "code": code}).encode() + b"\n")


if __name__ == "__main__":
    main()
