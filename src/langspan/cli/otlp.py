"""OTLP JSON, one object per line, as langspan and the collector's file exporter write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from langspan.cli.rows import SpanRow
from langspan.cli.terminal import CliError

_FAILED: Final = (2, "STATUS_CODE_ERROR")
_SIGNALS: Final = frozenset({"resourceSpans", "resourceMetrics", "resourceLogs", "resourceProfiles"})


def read_rows(text: str, warn: Callable[[str], None]) -> list[SpanRow]:
    """Read all spans of a file, skipping metrics and logs.

    Args:
        text: OTLP JSON lines, or a single OTLP JSON object that spans many lines.
        warn: Called with a message if the last line is truncated, as after a crash, and skipped.

    Raises:
        CliError: A line is not OTLP JSON; the message says which line and why.
    """
    return [row for number, item in _objects(text, warn) for row in _rows_of(item, number)]


def _objects(text: str, warn: Callable[[str], None]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # Not `splitlines()`: JSON strings may contain other line separators unescaped.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    whole = _single_object(text) if len(lines) > 1 and not _parses(lines[0][1]) else None
    if whole is not None:
        yield 1, whole
        return
    for number, line in lines:
        try:
            item = json.loads(line)
        except ValueError as error:
            if number == lines[-1][0] and len(lines) > 1 and not text.endswith("\n"):
                warn(f"line {number} is cut off and was left out")
                return
            raise CliError(f"line {number} is not JSON: {error}") from error
        yield number, _checked(item, number)


def _parses(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _single_object(text: str) -> Mapping[str, Any] | None:
    try:
        item = json.loads(text)
    except ValueError:
        return None
    return _checked(item, 1)


def _checked(item: object, number: int) -> Mapping[str, Any]:
    if isinstance(item, dict) and (not item or _SIGNALS & item.keys()):
        return item
    raise CliError(f"line {number} is JSON but not OTLP: expected an object with 'resourceSpans'")


def _rows_of(item: Mapping[str, Any], number: int) -> Iterator[SpanRow]:
    try:
        for resource in item.get("resourceSpans") or ():
            for scope in resource.get("scopeSpans") or ():
                yield from map(_row, scope.get("spans") or ())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CliError(f"line {number} holds a span that is not OTLP: {error!r}") from error


def _row(span: Mapping[str, Any]) -> SpanRow:
    status = span.get("status") or {}
    return SpanRow(
        trace_id=_text(span["traceId"]).lower(),
        span_id=_text(span["spanId"]).lower(),
        parent_id=_text(span.get("parentSpanId", "")).lower() or None,
        name=_text(span.get("name", "")) or "(no name)",
        start_ns=int(span.get("startTimeUnixNano", 0)),
        end_ns=int(span.get("endTimeUnixNano", 0)) or None,
        attributes={pair["key"]: _value(pair.get("value") or {}) for pair in span.get("attributes") or ()},
        failed=status.get("code") in _FAILED,
        message=_text(status.get("message", "")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r}")
    return value


def _value(wrapped: Mapping[str, Any]) -> object:
    """Unwrap an OTLP value, in which 64-bit integers are strings because JSON numbers lose digits."""
    for kind, value in wrapped.items():
        if kind == "intValue":
            return int(value)
        if kind == "arrayValue":
            return [_value(item) for item in value.get("values") or ()]
        if kind == "kvlistValue":
            return {pair["key"]: _value(pair.get("value") or {}) for pair in value.get("values") or ()}
        return value
    return None
