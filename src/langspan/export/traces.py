"""The tracer provider that langspan builds from the standard variables."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from langspan.export import exporters, settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ
from langspan.export.size import span_bound
from langspan.export.telemetry import Pipeline


class OwnedTracerProvider(TracerProvider):
    """The SDK's provider, extended to record that it was shut down."""

    langspan_closed = False

    def shutdown(self) -> None:
        """Shut down the span processors."""
        self.langspan_closed = True
        super().shutdown()


class SplittingSpanExporter(exporters.SplittingExporter, SpanExporter):
    """An exporter that passes spans to another one in batches of limited size in bytes."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans; return a failure if any batch failed."""
        return SpanExportResult.SUCCESS if self.send(spans) else SpanExportResult.FAILURE


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Pipeline:
    """Build a tracer provider. The SDK itself reads the variables for sampler, span limits and batches.

    Args:
        environ: Configures the exporters.
        names: The exporters, as in `OTEL_TRACES_EXPORTER`. With none, spans are recorded but not exported.
        limit: The largest export request in bytes, before compression.
        resource: The resource of the spans; by default the one that the SDK detects.

    Raises:
        ValueError: A variable has an invalid value.
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
    return Pipeline(provider, guards, owned=True)
