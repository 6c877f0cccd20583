"""`langspan view`: draw the traces of an OTLP JSON file."""

from __future__ import annotations

import sys
from pathlib import Path

from langspan.cli.nesting import by_trace
from langspan.cli.otlp import read_rows
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import CliError, Style
from langspan.cli.tree import draw


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
    try:
        rows = read_rows(_read(source), lambda text: print(f"langspan: {name}: {text}", file=sys.stderr))
    except CliError as error:
        raise CliError(f"{name}: {error}") from error
    traces = _chosen(by_trace(rows), wanted, name)
    for number, spans in enumerate(traces):
        print(*([""] if number else []), *draw(spans, style), sep="\n")
    return 0


def _read(source: str) -> str:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise CliError(error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CliError("not a text file; is it compressed, or binary OTLP?") from error


def _chosen(traces: dict[str, list[SpanRow]], wanted: str | None, name: str) -> list[list[SpanRow]]:
    if not traces:
        raise CliError(f"{name}: no spans in it")
    chosen = [rows for trace, rows in traces.items() if trace.startswith((wanted or "").lower())]
    if not chosen:
        known = "\n".join(f"  {trace}" for trace in traces)
        raise CliError(f"{name}: no trace {wanted}; it holds\n{known}")
    return chosen
