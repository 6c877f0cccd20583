"""Spans to a local file, one OTLP JSON object per line.

Jaeger's UI opens such a file directly (Search, Upload); the collector's OTLP JSON file receiver reads it.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from langspan._settings import FILE


class OtlpJsonFileExporter(SpanExporter):
    """Appends each batch of spans to a file as one line of OTLP JSON.

    Args:
        path: The file. It is created if missing, readable by its owner only, since spans can hold
            prompts. By default the setting `file` decides.

    Raises:
        OSError: The file cannot be opened for writing.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or FILE.read(os.environ))
        # Appending, and a whole line at a time, so several processes can share the file.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append one line with these spans; it is in the file when this returns.

        Raises:
            OSError: The disk is full, or the like. The SDK's processors contain it.
        """
        if self._file.closed:
            return SpanExportResult.FAILURE
        self._file.write(to_json_line(spans))
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        self._file.close()


def to_json_line(spans: Sequence[ReadableSpan]) -> bytes:
    """Encode spans as one line of OTLP JSON: hexadecimal ids, numbers for enums, strings for 64-bit integers.

    Args:
        spans: Ended spans of the SDK.

    Returns:
        A JSON object `{"resourceSpans": [...]}` in UTF-8, and a line feed.
    """
    message = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for record in _spans_and_links(message):
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in record:
                # The one place where OTLP departs from Protobuf's JSON, which has base64 for all bytes.
                record[key] = base64.b64decode(record[key]).hex()
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _spans_and_links(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in message.get("resourceSpans", ()):
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                yield span
                yield from span.get("links", ())
