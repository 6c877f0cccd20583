"""Records what runs inside a block, whatever the environment and the application have set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from langspan._capture import CaptureContent
from langspan._instrumentor import LangSpanInstrumentor, uninstrument
from langspan.testing.snapshots import Snapshots
from langspan.testing.traces import Traces

_PREFIXES: Final = ("OTEL_", "LANGSPAN_")


@contextmanager
def record(
    *, capture_content: CaptureContent = True, snapshots: Snapshots | None = None, **settings: Any
) -> Iterator[Traces]:
    """Record every LangChain and LangGraph run inside the block, and export nothing.

    No provider is set globally, none is left behind, and variables such as `OTEL_SDK_DISABLED` change
    nothing. If LangChain is instrumented already, that pauses meanwhile and goes on afterwards.

    Args:
        capture_content: As for `langspan.instrument`; on by default, for a test knows what it sends.
        snapshots: Where `assert_snapshot` finds its files; by default the test names each.
        settings: Further arguments of `langspan.instrument`, such as `redact` or `spans`.

    Yields:
        What has run so far, at any time.
    """
    instrumentor = LangSpanInstrumentor()
    former = dict(instrumentor._arguments) if instrumentor.instrumentation is not None else None  # noqa: SLF001
    uninstrument()
    try:
        yield Traces(*_start(instrumentor, {**settings, "capture_content": capture_content}), snapshots)
    finally:
        uninstrument()
        if former is not None:
            instrumentor.instrument(**former)


def _start(
    instrumentor: LangSpanInstrumentor, settings: dict[str, Any]
) -> tuple[TracerProvider, InMemorySpanExporter]:
    # It holds nothing that needs a shutdown, after which it would warn of spans that still end, in threads.
    memory = InMemorySpanExporter()
    with _without_variables():
        provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource.get_empty(), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(memory))
        instrumentor.instrument(
            tracer_provider=provider,
            meter_provider=NoOpMeterProvider(),
            logger_provider=NoOpLoggerProvider(),
            **settings,
        )
    return provider, memory


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide the settings of the environment: a test is the same everywhere."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_PREFIXES)}
    try:
        yield
    finally:
        os.environ.update(hidden)
