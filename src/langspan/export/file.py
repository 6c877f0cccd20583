"""Spans in a local file, one OTLP JSON object per line.

Jaeger's UI opens such a file directly (Search, Upload), and the collector's OTLP JSON file receiver reads it.
"""

from __future__ import annotations

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
    """An exporter that appends each batch of spans to a file as one line of OTLP JSON.

    Several processes can append to one file, except on Windows, where appending is not atomic.

    Args:
        path: The file; by default the one that the setting `file` names. If it is missing, it is created
            with permissions for its owner only (on POSIX systems), because spans can contain prompts.

    Raises:
        OSError: The file cannot be opened for writing.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or FILE.read(os.environ))
        # In append mode, and one whole line per write, so that several processes can share the file.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append one line with these spans and flush it to the file.

        Args:
            spans: Ended spans of the SDK.

        Returns:
            `FAILURE` after `shutdown`, else `SUCCESS`.

        Raises:
            OSError: Writing failed, for example because the disk is full. The SDK's processors catch it.
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
    """Encode spans as one line of OTLP JSON.

    Ids are hexadecimal, enums are numbers and 64-bit integers are strings, as the OTLP specification
    ("JSON Protobuf Encoding") requires.

    Args:
        spans: Ended spans of the SDK.

    Returns:
        A JSON object `{"resourceSpans": [...]}` in UTF-8, followed by a line feed.
    """
    message = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for record in _spans_and_links(message):
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in record:
                # Protobuf's own JSON mapping would write these bytes as base64.
                record[key] = base64.b64decode(record[key]).hex()
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _spans_and_links(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in message.get("resourceSpans", ()):
        for scope_spans in resource_spans["scopeSpans"]:
            for span in scope_spans["spans"]:
                yield span
                yield from span.get("links", ())
