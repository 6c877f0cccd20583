"""OTLP without protobuf objects: ended spans and log records become the bytes of export requests.

The stock encoder builds a tree of protobuf messages and serialises it; writing the same bytes directly takes
a sixth of the time. The modules, from the bottom:

* `wire`: varints, tags, frames
* `values`: attribute values and attributes, with bounded caches
* `spans`, `logs`: the body of one `Span` or `LogRecord` message
* `requests`: whole requests, grouped by resource and scope

The bytes parse to the message that the stock encoder of the newest OpenTelemetry makes, except that no value
ever costs its span: see `values`.
"""

from langspan.export.otlp.logs import encode_log_record
from langspan.export.otlp.requests import envelope_size, logs_request, span_frame_size, trace_request
from langspan.export.otlp.spans import encode_span

__all__ = [
    "encode_log_record",
    "encode_span",
    "envelope_size",
    "logs_request",
    "span_frame_size",
    "trace_request",
]
