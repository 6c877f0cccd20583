"""Runs recorded in memory: the real SDK, and spans as a tree that a test can compare."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from langspan._guard import Guard

Tree = dict[str, Any]


class Recording:
    """What was recorded so far, and a tracer for the test's own spans."""

    def __init__(self, **provider_options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(**provider_options)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("application")

    @property
    def spans(self) -> list[ReadableSpan]:
        """Ended spans, by start time."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def clear(self) -> None:
        self.exporter.clear()

    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def named(self, name: str) -> ReadableSpan:
        """The one span of that name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def parent(self, span: ReadableSpan | str) -> str | None:
        """Name of a span's parent; None for a root; an id in angle brackets for a parent never exported."""
        span = self.named(span) if isinstance(span, str) else span
        if span.parent is None:
            return None
        for candidate in self.spans:
            if candidate.context.span_id == span.parent.span_id:
                return candidate.name
        return f"<{span.parent.span_id:016x}>"

    def paths(self) -> list[str]:
        """Every span as `root/child/grandchild`, sorted: the tree, whatever the order of its siblings."""
        by_id = {span.context.span_id: span for span in self.spans}

        def path(span: ReadableSpan) -> str:
            if span.parent is None:
                return span.name
            parent = by_id.get(span.parent.span_id)
            return f"{path(parent) if parent else '<missing>'}/{span.name}"

        return sorted(path(span) for span in by_id.values())

    def trace_ids(self) -> set[int]:
        return {span.context.trace_id for span in self.spans}


@contextmanager
def instrumented(recording: Recording, **settings: Any) -> Iterator[langspan.Instrumentation]:
    """Instrument with internal errors let through, and undo it afterwards."""
    instrumentor = langspan.LangSpanInstrumentor()
    instrumentor.instrument(tracer_provider=recording.provider, guard=Guard(raising=True), **settings)
    handle = instrumentor.instrumentation
    assert handle is not None
    try:
        yield handle
    finally:
        langspan.uninstrument()


def open_runs(handle: langspan.Instrumentation) -> int:
    """How many runs the handle's recorder still holds open."""
    return len(handle._handler.recorder)


def current_span_id() -> int:
    """Id of the current span, 0 if there is none."""
    return trace.get_current_span().get_span_context().span_id


class DetachWatch(logging.Handler):
    """Collects what OpenTelemetry logs about contexts: there must be nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
