"""A tracer provider of our own, built from the standard variables."""

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from langspan.export import exporters, settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ
from langspan.export.size import span_bound
from langspan.export.telemetry import Line


class OwnedTracerProvider(TracerProvider):
    """The SDK's provider, which remembers that it was shut down."""

    langspan_closed = False

    def shutdown(self) -> None:
        """Shut down the span processors."""
        self.langspan_closed = True
        super().shutdown()


class SplittingSpanExporter(exporters.SplittingExporter, SpanExporter):
    """Hands spans to another exporter in batches that fit a limit in bytes."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans; the result is a failure when any batch failed."""
        return SpanExportResult.SUCCESS if self.send(spans) else SpanExportResult.FAILURE


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Line:
    """Build a tracer provider; its sampler, span limits and batch figures are read by the SDK.

    Args:
        environ: Chooses the exporters.
        names: The exporters; with none, spans are recorded and go nowhere.
        limit: Bytes of one export request before compression.
        resource: What the spans are about; by default what the SDK finds out.

    Raises:
        ValueError: A variable has a value that cannot be used.
    """
    settings.check_batches(environ, "OTEL_BSP")
    makers = [exporters.factory(environ, "traces", name) for name in names]
    guards = [ExportGuard("spans") for _ in makers]
    splitting = [
        SplittingSpanExporter(make, span_bound, limit, guard)
        for make, guard in zip(makers, guards, strict=True)
    ]
    provider = OwnedTracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in splitting:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return Line(provider, guards, owned=True)
