"""A probe in the bodies of runs and around them: it notes wherever a context is not what it must be.

It only takes notes. An assertion inside a run would be caught by the run, and be gone.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context as otel
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from support.recording import Recording

_PATIENCE = 10.0  # seconds until something that should come is given up


class Probe:
    """Application spans for bodies, and looks at the context for callers and consumers.

    It can stand in for a tracer: `support.models` opens its spans with `start_as_current_span`.

    Attributes:
        faults: What was not as it must be.
        headers: The `traceparent` that a request from each body would carry.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.tracer = recording.tracer
        self.faults: list[str] = []
        self.headers: list[str] = []
        self.spans = SpanCount()
        self._outside = otel.get_current()
        recording.provider.add_span_processor(self.spans)

    def stand_here(self) -> None:
        """Take the current context for the one that callers and consumers must see from now on."""
        self._outside = otel.get_current()

    def look(self, where: str) -> None:
        """Note a fault unless the caller sees exactly what it saw before."""
        seen = otel.get_current()
        if dict(seen) != dict(self._outside):
            self.faults.append(f"{where}: the context is {dict(seen)}, not {dict(self._outside)}")

    @contextmanager
    def start_as_current_span(self, name: str = "http") -> Iterator[trace.Span]:
        """An application span in a body: a child of the current span, which outgoing requests name too."""
        current = trace.get_current_span().get_span_context()
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        header = carrier.get("traceparent", "---")
        self.headers.append(header)
        injected = header.split("-")[2] or f"{0:016x}"
        if injected != f"{current.span_id:016x}":
            self.faults.append(f"{name}: an injected header names {injected}, not the current span")
        with self.tracer.start_as_current_span(name) as span:
            yield span
        if trace.get_current_span().get_span_context() != current:
            self.faults.append(f"{name}: another span is current after it")

    def step(self, name: str, work: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], Any]:
        """A function for a chain, node or task, with an application span in it."""

        def step(value: Any) -> Any:
            with self.start_as_current_span():
                return work(value)

        step.__name__ = name
        return step

    def astep(self, name: str, work: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], Any]:
        """The same as a coroutine function that lets others run in the middle of its span."""

        async def step(value: Any) -> Any:
            with self.start_as_current_span():
                await turn()
                return work(value)

        step.__name__ = name
        return step

    def expect_current(self, span: trace.Span) -> None:
        """Note a fault unless that span is current, and recording."""
        if trace.get_current_span() is not span or not span.is_recording():
            self.faults.append(f"{trace.get_current_span()} is current, not {span}")

    def consume(self, stream: Iterable[Any], *, empty: bool = False) -> list[Any]:
        """Read a stream to its end, looking around after each item."""
        items = []
        for item in stream:
            self.look("between two items")
            items.append(item)
        self._looked(items, empty=empty)
        return items

    async def aconsume(self, stream: AsyncIterable[Any], *, empty: bool = False) -> list[Any]:
        """Read an asynchronous stream to its end, looking around after each item."""
        items = []
        async for item in stream:
            self.look("between two items")
            items.append(item)
        self._looked(items, empty=empty)
        return items

    def _looked(self, items: list[Any], *, empty: bool) -> None:
        self.look("after the last item")
        if empty is bool(items):
            self.faults.append(f"the stream had {len(items)} items")

    def first(self, stream: Iterator[Any]) -> Any:
        """Read one item and leave the stream open."""
        item = next(stream)
        self.look("after the first item")
        return item

    async def afirst(self, stream: AsyncIterator[Any]) -> Any:
        """Read one item and leave the asynchronous stream open."""
        item = await anext(stream)
        self.look("after the first item")
        return item


class SpanCount(SpanProcessor):
    """Counts each span's starts and ends."""

    def __init__(self) -> None:
        self.started: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.names: dict[int, str] = {}

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self.started[span.context.span_id] += 1
        self.names[span.context.span_id] = span.name

    def on_end(self, span: ReadableSpan) -> None:
        self.ended[span.context.span_id] += 1

    @property
    def open(self) -> list[str]:
        """Names of spans that started and did not end, or the other way round, or more than once."""
        odd = [key for key in self.started | self.ended if self.started[key] != 1 or self.ended[key] != 1]
        return sorted(self.names[key] for key in odd)


class LogWatch(logging.Handler):
    """Collects log lines that a clean run does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        ours = record.name.startswith(("langspan", "opentelemetry")) and record.levelno >= logging.WARNING
        ours |= "RecordingHandler" in message  # LangChain logs what a handler raises
        # When a sequence's stream is closed early, its generators close each other, traced or not.
        harmless = "closing of asynchronous generator" in message and "adrive" not in message
        loops = record.name == "asyncio" and record.levelno >= logging.ERROR and not harmless
        if ours or loops or "detach" in message.lower():
            self.lines.append(f"{record.name}: {message}")

    @contextmanager
    def watching(self) -> Iterator[LogWatch]:
        logging.getLogger().addHandler(self)
        try:
            yield self
        finally:
            logging.getLogger().removeHandler(self)


async def turn() -> None:
    """Let everything that is ready on the event loop run once."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


async def settled() -> list[str]:
    """Wait for what a call has left behind: shielded callbacks, closers of dropped generators.

    Returns:
        Tasks that do not come to an end.
    """
    for _ in range(3):
        gc.collect()
        await turn()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            _, pending = await asyncio.wait(others, timeout=_PATIENCE)
            if pending:
                return sorted(repr(task.get_coro()) for task in pending)
    return []
