"""Plain threads, with and without OpenTelemetry's instrumentation of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.instrumentation.threading import ThreadingInstrumentor


def in_a_thread(function: Callable[..., Any], *args: Any) -> None:
    """Call a function in a thread, and wait for it."""
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


@contextmanager
def threads_instrumented() -> Iterator[None]:
    """Let new threads take the OpenTelemetry context of their starter along."""
    instrumentor = ThreadingInstrumentor()
    instrumentor.instrument()
    try:
        yield
    finally:
        instrumentor.uninstrument()
