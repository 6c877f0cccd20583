"""langspan as it runs in production: failures are contained, and everything that can be recorded is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult

import langspan
from langspan._guard import Guard
from langspan.langchain.patches.ledger import _MISSING
from support.application.chains import NOT_SAMPLED


class OpenSpans(SpanProcessor):
    """Names of spans that have started and not ended, by id."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.names[span.context.span_id] = span.name

    def on_end(self, span: ReadableSpan) -> None:
        del self.names[span.context.span_id]


class NotAll(Sampler):
    """Leaves out the traces that say so."""

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, *_args: Any, **_kw: Any
    ) -> SamplingResult:
        return SamplingResult(Decision.DROP if name == NOT_SAMPLED else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "NotAll"


class Harness:
    """Instruments as in production: the guard contains, and content is recorded.

    Attributes:
        open: Spans that have not ended.
        observed: Metrics and events are recorded too.
        patches: What was replaced: owner, name, original.
    """

    def __init__(self, *, observed: bool) -> None:
        self.open = OpenSpans()
        self.observed = observed
        self.patches: list[tuple[Any, str, Any]] = []
        self._provider = TracerProvider(sampler=ParentBased(NotAll()), shutdown_on_exit=False)
        self._provider.add_span_processor(self.open)

    def instrument(self) -> None:
        instrumentor = langspan.LangSpanInstrumentor()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LANGSPAN_MAX_OPEN_RUNS", "1000")
            self._instrument(instrumentor)
        assert instrumentor.instrumentation is not None
        self.patches = [entry[:3] for entry in instrumentor.instrumentation._ledger.written()]

    def _instrument(self, instrumentor: langspan.LangSpanInstrumentor) -> None:
        instrumentor.instrument(
            tracer_provider=self._provider,
            meter_provider=MeterProvider(shutdown_on_exit=False) if self.observed else NoOpMeterProvider(),
            logger_provider=LoggerProvider(shutdown_on_exit=False) if self.observed else NoOpLoggerProvider(),
            guard=Guard(),
            capture_content="both",
            redact=lambda value, _where: value,
            link_across_processes=True,
            checkpoints=True,
            read_baggage=True,
            usage_sums="all" if self.observed else "none",
            prices={"scripted-1": langspan.Price(input=1, output=2)} if self.observed else {},
            budgets=[langspan.Budget(tokens=1, on_exceed=lambda _exceeded: None)] if self.observed else None,
            on_start=lambda _span, _info: None,
            on_end=lambda _span, _info: None,
        )

    @contextmanager
    def cleaned_up(self) -> Iterator[None]:
        """Undo afterwards what a fault kept from being undone."""
        try:
            yield
        finally:
            langspan.uninstrument()
            self._put_back()

    def _put_back(self) -> None:
        for owner, name, original in self.patches:
            if original is not _MISSING:
                setattr(owner, name, original)
            elif name in vars(owner):
                delattr(owner, name)
