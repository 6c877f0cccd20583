"""Spans of a file with all that they say, for what shows more of them than rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from langspan.cli.columns import printable
from langspan.cli.reading import read_items
from langspan.cli.terminal import CliError
from langspan.page.spans import Span, spans_of

MAX_BYTES: Final = 256 * 1024 * 1024
"""How much text the spans may have together: browsers show no more than that."""

_MAX_LISTED: Final = 20
_SPAN_BYTES: Final = 500
_BROKEN: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def name_of(source: str) -> str:
    """Return how messages name a source: `-` is standard input."""
    return "standard input" if source == "-" else source


def read_spans(source: str, wanted: str = "", most: int = MAX_BYTES) -> list[Span]:
    """Read the spans of a file.

    Args:
        source: The path of the file, or `-` for standard input.
        wanted: A trace id or the beginning of one; by default the spans of all traces are read.
        most: How much text they may have together, in bytes.

    Raises:
        CliError: The file cannot be read, is in no format that is known, holds no such span, or too many of
            them.
    """
    name, spans, seen = name_of(source), list[Span](), dict[str, None]()
    try:
        _read(read_items(source, partial(_warn, name)), spans, seen, wanted.lower(), most)
    except CliError as error:
        raise CliError(f"{name}: {error}") from error
    if not spans:
        raise CliError(f"{name}: {_reason(wanted, seen)}")
    return spans


def _read(
    items: Iterable[tuple[int, Mapping[str, Any]]],
    spans: list[Span],
    seen: dict[str, None],
    wanted: str,
    most: int,
) -> None:
    size = 0
    for number, item in items:
        try:
            for span in spans_of(item):
                seen[span.trace_id] = None
                if span.trace_id.startswith(wanted):
                    spans.append(span)
                    size += _size(span)
        except _BROKEN as error:
            raise CliError(f"line {number} holds a span that is not OTLP: {error!r:.200}") from error
        if size > most:
            raise CliError(f"too many spans to show at once, from line {number} on; choose a trace")


def _size(span: Span) -> int:
    said = [span.attributes, *(event.attributes for event in span.events)]
    return _SPAN_BYTES + sum(len(json.dumps(each, ensure_ascii=False)) for each in said)


def _warn(name: str, text: str) -> None:
    print(f"langspan: {name}: {text}", file=sys.stderr)


def _reason(wanted: str, seen: dict[str, None]) -> str:
    if not seen:
        return "no spans in it"
    listed = [f"  {printable(trace)}" for trace in seen]
    more = ["  ..."] if len(seen) > _MAX_LISTED else []
    return "\n".join([f"no trace {wanted}; it holds", *listed[:_MAX_LISTED], *more])
