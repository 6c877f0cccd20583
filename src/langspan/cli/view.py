"""`langspan view`: draw the traces of an OTLP JSON file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

from langspan.cli.columns import printable
from langspan.cli.lines import Lines, opened
from langspan.cli.nesting import by_trace
from langspan.cli.otlp import read_rows
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import CliError, Style
from langspan.cli.tree import draw

_MAX_LISTED: Final = 20


def run(source: str, wanted: str | None, style: Style) -> int:
    """Draw every trace of a file, or the one whose id starts with `wanted`.

    Args:
        source: The path of the file, or `-` for standard input.
        wanted: A trace id or the beginning of one; by default all traces are drawn.
        style: How to draw.

    Returns:
        The exit code 0.

    Raises:
        CliError: The file cannot be read, is not OTLP JSON, or holds no such trace.
    """
    name = "standard input" if source == "-" else source
    seen: dict[str, None] = {}
    try:
        with opened(source) as stream:
            rows = read_rows(Lines(stream), partial(_warn, name), _chooser(wanted, seen))
    except CliError as error:
        raise CliError(f"{name}: {error}") from error
    for number, spans in enumerate(_chosen(rows, wanted, name, seen)):
        print(*([""] if number else []), *draw(spans, style), sep="\n")
    return 0


def _warn(name: str, text: str) -> None:
    print(f"langspan: {name}: {text}", file=sys.stderr)


def _chooser(wanted: str | None, seen: dict[str, None]) -> Callable[[str], bool]:
    """Return a function that tells whether a trace is wanted, and notes the first ones that there are."""
    beginning = (wanted or "").lower()

    def keep(trace_id: str) -> bool:
        if len(seen) <= _MAX_LISTED:
            seen[trace_id] = None
        return trace_id.startswith(beginning)

    return keep


def _chosen(
    rows: Sequence[SpanRow], wanted: str | None, name: str, seen: Collection[str]
) -> list[list[SpanRow]]:
    if not seen:
        raise CliError(f"{name}: no spans in it")
    if not rows:
        known = [f"  {printable(trace)}" for trace in seen][:_MAX_LISTED]
        more = ["  ..."] if len(seen) > _MAX_LISTED else []
        raise CliError("\n".join([f"{name}: no trace {wanted}; it holds", *known, *more]))
    return list(by_trace(rows).values())
