"""Spans made by hand with the real SDK and kept, so that a test decides what goes into which request."""

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from support.backends import Collector


class HandMade:
    """A tracer, and the finished spans of the one trace made with it."""

    def __init__(self) -> None:
        self._memory = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource.create({"service.name": "stack-test"}))
        provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self.tracer: Tracer = provider.get_tracer("stack", "1.0")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Return the spans in the order they ended."""
        return self._memory.get_finished_spans()

    @property
    def parents(self) -> dict[str, str | None]:
        """Return the id of each span with its parent's, in hexadecimal."""
        return {
            f"{span.context.span_id:016x}": f"{span.parent.span_id:016x}" if span.parent else None
            for span in self.spans
        }

    @property
    def trace_id(self) -> str:
        (trace_id,) = {f"{span.context.trace_id:032x}" for span in self.spans}
        return trace_id


def send(spans: Sequence[ReadableSpan], collector: Collector, protocol: str = "grpc") -> SpanExportResult:
    """Send `spans` in one request, over `grpc` or `http`, with the stock exporter."""
    exporter: SpanExporter = (
        GrpcExporter(endpoint=collector.grpc, insecure=True)
        if protocol == "grpc"
        else HttpExporter(endpoint=f"{collector.http}/v1/traces")
    )
    try:
        return exporter.export(spans)
    finally:
        exporter.shutdown()


def request_size(spans: Sequence[ReadableSpan]) -> int:
    """Return how many bytes one request with `spans` takes."""
    return int(encode_spans(spans).ByteSize())
