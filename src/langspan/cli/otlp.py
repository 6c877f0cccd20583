"""OTLP JSON, one object per line, as langspan and the collector's file exporter write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from langspan.cli.lines import Lines
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import CliError

MAX_ROWS_BYTES: Final = 256 * 1024 * 1024
"""How much memory, roughly, the spans of a drawing may take: some 200 000 of them."""

_FAILED: Final = (2, "STATUS_CODE_ERROR")
_SIGNALS: Final = frozenset({"resourceSpans", "resourceMetrics", "resourceLogs", "resourceProfiles"})
_LONGEST_TEXT: Final = 1000
_LONGEST_REASON: Final = 200
# What Python takes for them, beside their text: measured on rows with two attributes.
_ROW_BYTES: Final = 700
_ATTRIBUTE_BYTES: Final = 200


def read_rows(lines: Lines, warn: Callable[[str], None], keep: Callable[[str], bool] = bool) -> list[SpanRow]:
    """Read the spans of a file, skipping metrics and logs.

    Args:
        lines: OTLP JSON lines, or a single OTLP JSON object that spans many lines.
        warn: Called with a message for each line that is cut off, as after a crash, and skipped.
        keep: Tells by its trace id whether a span is wanted; by default, if it has one.

    Raises:
        CliError: A line is not OTLP JSON, or there is more than can be drawn at once; the message says which
            line and why.
    """
    rows: list[SpanRow] = []
    size = 0
    for number, item in read_lines(lines, warn):
        for row in _rows_of(item, number):
            if keep(row.trace_id):
                rows.append(row)
                size += _size_of(row)
                if size > MAX_ROWS_BYTES:
                    raise CliError(f"too many spans to draw at once, from line {number} on; choose a trace")
    return rows


def read_lines(lines: Lines, warn: Callable[[str], None]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the OTLP JSON objects of a file, each with the number of its line; as for `read_rows`."""
    any_before = False
    for number, line, whole in lines:
        if not line.strip():
            continue
        try:
            item = _parse(line)
        except _CutOffError as error:
            # Half a line stands at the end, or a process went on after it. But one is not a file.
            if not any_before and (found := _single_object(line, lines)) is not None:
                yield number, found
                return
            if not any_before and not whole:
                raise CliError(f"line {number} is not JSON: {error}") from error
            warn(f"line {number} is cut off and was left out")
        except ValueError as error:
            raise CliError(_reason(number, line, error)) from error
        else:
            yield number, _checked(item, number)
        any_before = True


class _CutOffError(ValueError):
    """The text ends in the middle of an object."""


def _parse(line: bytes) -> Any:
    """Parse one line.

    Raises:
        ValueError: It is not JSON, or nothing that can be read.
    """
    try:
        return json.loads(line.decode())
    except json.JSONDecodeError as error:
        ends = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        if ends and error.doc.lstrip().startswith("{"):
            raise _CutOffError(str(error)) from error
        raise
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and line.lstrip().startswith(b"{"):
            raise _CutOffError("it ends within a character") from error
        raise
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except MemoryError as error:
        raise ValueError("it takes more memory than there is") from error


def _reason(number: int, line: bytes, error: ValueError) -> str:
    if number == 1 and (isinstance(error, UnicodeDecodeError) or b"\0" in line):
        return "not a text file; is it compressed, or binary OTLP?"
    if isinstance(error, UnicodeDecodeError):
        return f"line {number} is not UTF-8 text, at byte {error.start + 1} of {len(line)}"
    return f"line {number} is not JSON: {_shortened(str(error))}"


def _single_object(first: bytes, lines: Lines) -> Mapping[str, Any] | None:
    rest = lines.rest()
    if not rest:
        return None
    try:
        item = _parse(first + b"\n" + rest)
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
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CliError(f"line {number} holds a span that is not OTLP: {_shortened(repr(error))}") from error


def _row(span: Mapping[str, Any]) -> SpanRow:
    status = span.get("status") or {}
    return SpanRow(
        trace_id=_text(span["traceId"]).lower(),
        span_id=_text(span["spanId"]).lower(),
        parent_id=_text(span.get("parentSpanId", "")).lower() or None,
        name=_text(span.get("name", "")) or "(no name)",
        start_ns=_integer(span.get("startTimeUnixNano", 0), 0, 2**64),
        end_ns=_integer(span.get("endTimeUnixNano", 0), 0, 2**64) or None,
        attributes=dict(_attributes(span.get("attributes") or ())),
        failed=status.get("code") in _FAILED,
        message=_text(status.get("message", "")),
    )


def _attributes(pairs: Any) -> Iterator[tuple[str, object]]:
    """Yield the attributes that can be drawn: no lists, no maps, and of a long text the beginning."""
    for pair in pairs:
        key, value = _text(pair["key"]), _value(pair.get("value") or {})
        if value is not None:
            yield key, value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {_shortened(repr(value))}")
    return value[:_LONGEST_TEXT]


def _integer(value: Any, least: int, beyond: int) -> int:
    number = int(value)
    if not least <= number < beyond:
        raise ValueError(f"a number does not fit into 64 bits: {value}")
    return number


def _value(wrapped: Mapping[str, Any]) -> object:
    """Unwrap an OTLP value, in which 64-bit integers are strings because JSON numbers lose digits."""
    for kind, value in wrapped.items():
        if kind == "intValue":
            return _integer(value, -(2**63), 2**63)
        if isinstance(value, str):
            return value[:_LONGEST_TEXT]
        return value if isinstance(value, bool | int | float) else None
    return None


def _size_of(row: SpanRow) -> int:
    texts = (row.trace_id, row.span_id, row.parent_id or "", row.name, row.message)
    size = _ROW_BYTES + sum(map(len, texts))
    for key, value in row.attributes.items():
        size += _ATTRIBUTE_BYTES + len(key) + (len(value) if isinstance(value, str) else 0)
    return size


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
