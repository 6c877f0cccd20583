"""The tracer provider that langspan builds from the standard variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import TraceFlags

from langspan.export import exporters, otlp, settings
from langspan.export.batches import BatchQueue
from langspan.export.delivery import Encoding, Item
from langspan.export.ledger import Ledger
from langspan.export.pipeline import Pipeline
from langspan.export.processors import QueueProcessor
from langspan.export.settings import Environ

if TYPE_CHECKING:
    from langspan._keep import Keep

_SAMPLED: Final = int(TraceFlags.SAMPLED)
_ENCODING: Final = Encoding(otlp.encode_span, otlp.trace_request, otlp.envelope_size)


class OwnedTracerProvider(TracerProvider):
    """The SDK's provider, extended to record that it was shut down, what it keeps, and its dialects."""

    langspan_closed = False
    langspan_keep: Keep | None = None
    langspan_dialects: tuple[str, ...] = ()

    def shutdown(self) -> None:
        """Shut down the span processors."""
        self.langspan_closed = True
        super().shutdown()


class QueueSpanProcessor(QueueProcessor, SpanProcessor):
    """A span processor that puts ended spans into a queue; recording costs an append."""

    def __init__(self, queue: BatchQueue) -> None:
        super().__init__(queue)
        self._put = queue.put

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, if it is sampled."""
        context = span.context
        if context is not None and context.trace_flags & _SAMPLED:
            self._put(span)


def build(
    environ: Environ,
    names: Sequence[str],
    limit: int,
    resource: Resource | None,
    keep: Keep | None = None,
    dialects: tuple[str, ...] = (),
) -> Pipeline:
    """Build a tracer provider. The SDK itself reads the variables for sampler and span limits.

    Args:
        environ: Configures the exporters and the queue.
        names: The exporters, as in `OTEL_TRACES_EXPORTER`. With none, spans are recorded but not exported.
        limit: The largest export request in bytes, before compression.
        resource: The resource of the spans; by default the one that the SDK detects.
        keep: Which traces are exported; by default all.
        dialects: The dialects that they are exported in besides.

    Raises:
        ValueError: A variable has an invalid value.
    """
    bounds = exporters.bounds(environ, "OTEL_BSP")
    if keep is not None:  # a trace comes at once
        bounds = replace(bounds, items=max(bounds.items, keep.max_spans))
    routes = [exporters.route(environ, "traces", name, _ENCODING, limit) for name in names]
    queues = [BatchQueue("langspan-spans", route, Ledger("spans"), bounds) for route in routes]
    provider = OwnedTracerProvider(resource=resource, shutdown_on_exit=False)
    processors: list[SpanProcessor] = [QueueSpanProcessor(queue) for queue in queues]
    keeper = None
    if dialects:
        provider.langspan_dialects = dialects
        translating = import_module("langspan.dialects.processor").DialectSpanProcessor
        processors = [translating(dialects, *processors)]
    if keep is not None:
        provider.langspan_keep = keep
        keeper = import_module("langspan.export.trace_keeper").KeepSpanProcessor(keep, *processors)
        processors = [keeper]
    for processor in processors:
        provider.add_span_processor(processor)
    return Pipeline(provider, queues, owned=True, keeper=keeper)


def send(environ: Environ, spans: Sequence[ReadableSpan], timeout: float) -> str | None:
    """Send spans over OTLP once, as a queue would.

    Args:
        environ: Configures the exporter.
        spans: Ended spans.
        timeout: The longest time for a request with all its attempts, in seconds.

    Returns:
        Why some of them were not accepted, which may be an empty text, or None if all were.

    Raises:
        ValueError: A variable has an invalid value.
    """
    limit = settings.max_bytes(environ)
    delivery = exporters.route(environ, "traces", "otlp", _ENCODING, limit, timeout=timeout)
    try:
        items = [Item(number, span, delivery.encode(span)) for number, span in enumerate(spans)]
        words = [outcome.words for outcome in delivery.deliver(items) if outcome.lost]
    finally:
        delivery.close()
    return words[0] if words else None
