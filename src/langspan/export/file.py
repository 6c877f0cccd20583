"""Spans in a local file, one OTLP JSON object per line.

Jaeger's UI opens such a file directly (Search, Upload), and the collector's OTLP JSON file receiver reads it.
"""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from langspan._export_settings import FILE, FILE_KEEP, FILE_MAX_BYTES
from langspan.export.line_file import LineFile

_logger = logging.getLogger(__name__)


class OtlpJsonFileExporter(SpanExporter):
    """An exporter that appends each batch of spans to a file as one line of OTLP JSON.

    Several processes can append to one file, and their lines do not mix. It must be a regular file of this
    user with one name: a link is not followed, and a pipe or a device is not opened. A file that other users
    can read is closed to them, with a warning. Windows has no such permissions and locks: there, a link is
    noticed only when the file is opened, and each process needs a file of its own.

    Args:
        path: The file; by default the one that the setting `file` names. If it is missing, it is created
            with permissions for its owner only (on POSIX systems), because spans can contain prompts.

    Raises:
        OSError: The file cannot be opened for writing, or is refused for one of the reasons above.
        ValueError: A setting for the file's size has an invalid value.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        limits = FILE_MAX_BYTES.read(os.environ), FILE_KEEP.read(os.environ)
        self._file = LineFile(Path(path or FILE.read(os.environ)), *limits)
        self._told = False

    @property
    def path(self) -> Path:
        """The file's absolute path."""
        return self._file.path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append one line with these spans to the file.

        Args:
            spans: Ended spans of the SDK.

        Returns:
            `FAILURE` after `shutdown`, and if the line could not be written, for example because the disk is
            full; then nothing of it is in the file. The first of such failures in a row is logged.
        """
        if self._file.closed:
            return SpanExportResult.FAILURE
        try:
            self._file.append(to_json_line(spans))
        except OSError as error:
            self._tell(error)
            return SpanExportResult.FAILURE
        self._told = False
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        self._file.close()

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            _logger.warning("%s cannot be written: %s", self.path, error.strerror or error)


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
