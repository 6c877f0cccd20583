"""What the stock OTLP encoder of the installed OpenTelemetry says, to compare ours with.

Ours says what the newest stock encoder says. Older ones leave out parts of it, which are taken away here
before the two are compared: what a scope has besides name and version, and whether a log record's body is
missing or empty.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from google.protobuf.message import Message
from opentelemetry.exporter.otlp.proto.common import _internal as stock
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext


def stock_trace_request(spans: Sequence[ReadableSpan]) -> bytes:
    """The bytes of the request that the stock exporters send."""
    return encode_spans(spans).SerializeToString()


def stock_logs_request(logs: Sequence[Any]) -> bytes:
    """Likewise, of log records."""
    return encode_logs(logs).SerializeToString()


@cache
def encodes_none() -> bool:
    """Whether the stock encoder of this version encodes a missing value."""
    try:
        stock._encode_value(None)
    except Exception:
        return False
    return True


@cache
def encodes_whole_scopes() -> bool:
    """Whether the stock encoder of this version encodes a scope's attributes and schema URL."""
    scope = InstrumentationScope("s", "1", "http://x", {"a": 1})
    span = ReadableSpan("x", SpanContext(1, 2, False), resource=Resource({}), instrumentation_scope=scope)
    (group,) = encode_spans([span]).resource_spans[0].scope_spans
    return bool(group.scope.attributes and group.schema_url)


def comparable_traces(request: bytes) -> list[bytes]:
    """A request for spans as data that can be compared: NaN equals itself here."""
    message = ExportTraceServiceRequest.FromString(request)
    return _comparable([[*group.scope_spans] for group in message.resource_spans], message.resource_spans)


def comparable_logs(request: bytes) -> list[bytes]:
    """A request for log records likewise."""
    message = ExportLogsServiceRequest.FromString(request)
    for resource in message.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                if not record.body.WhichOneof("value"):
                    record.ClearField("body")
    return _comparable([[*group.scope_logs] for group in message.resource_logs], message.resource_logs)


def _comparable(scopes: list[list[Any]], resources: Sequence[Message]) -> list[bytes]:
    if not encodes_whole_scopes():
        for scope in (scope for group in scopes for scope in group):
            scope.ClearField("schema_url")
            scope.scope.ClearField("attributes")
    return [resource.SerializeToString(deterministic=True) for resource in resources]
