"""Who traces: nobody, the floor, langspan in several settings, other packages where installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import langspan
from benchmarks.floor import FloorHandler, Slot


class Counter(SpanProcessor):
    """Counts spans and drops them: what is measured is making them, not exporting."""

    def __init__(self) -> None:
        self.count = 0

    def on_end(self, span: Any) -> None:
        self.count += 1


Variant = Callable[[], AbstractContextManager[Counter]]

SLOT = Slot()


def _provider(**options: Any) -> tuple[TracerProvider, Counter]:
    counter, provider = Counter(), TracerProvider(**options)
    provider.add_span_processor(counter)
    return provider, counter


@contextmanager
def untraced() -> Iterator[Counter]:
    yield Counter()


@contextmanager
def floor(*, metrics: bool = False) -> Iterator[Counter]:
    provider, counter = _provider()
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("floor")
    histograms = [meter.create_histogram(f"h{number}") for number in range(3)] if metrics else None
    with SLOT.filled(FloorHandler(provider.get_tracer("floor"), histograms)):
        yield counter


@contextmanager
def ours(*, metrics: bool = False, sampled: bool = True, **settings: Any) -> Iterator[Counter]:
    provider, counter = _provider() if sampled else _provider(sampler=ALWAYS_OFF)
    if metrics:
        settings["meter_provider"] = MeterProvider([InMemoryMetricReader()])
    langspan.instrument(tracer_provider=provider, **settings)
    try:
        yield counter
    finally:
        langspan.uninstrument()


@contextmanager
def other(module: str, name: str) -> Iterator[Counter]:
    """Another package's instrumentor."""
    instrumentor = getattr(import_module(module), name)()
    provider, counter = _provider()
    instrumentor.instrument(tracer_provider=provider, skip_dep_check=True)
    try:
        yield counter
    finally:
        instrumentor.uninstrument()


_OTHERS = {
    "OpenTelemetry's own": ("opentelemetry.instrumentation.genai.langchain", "LangChainInstrumentor"),
    "OpenInference": ("openinference.instrumentation.langchain", "LangChainInstrumentor"),
}


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


VARIANTS: dict[str, Variant] = {
    "untraced": untraced,
    "floor": floor,
    "langspan": ours,
    "with content": partial(ours, capture_content=True),
    "floor with metrics": partial(floor, metrics=True),
    "with metrics": partial(ours, metrics=True),
    "sampled out": partial(ours, sampled=False),
}
OTHERS: dict[str, Variant] = {
    name: partial(other, *where) for name, where in _OTHERS.items() if _is_installed(where[0])
}
"""Other packages; not all take back all that they have patched."""
