"""Draw the spans of a trace as a tree of lines. Pure: rows and a style in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from langspan.cli.columns import clean, cut, duration_text, table_of
from langspan.cli.nesting import Line, nested
from langspan.conventions.names import (
    GEN_AI_USAGE_INPUT_TOKENS,
    GEN_AI_USAGE_OUTPUT_TOKENS,
    LANGSPAN_EMBEDDINGS_INPUT_COUNT,
    LANGSPAN_RETRIEVAL_DOCUMENT_COUNT,
    OperationName,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langspan.cli.columns import Table
    from langspan.cli.rows import SpanRow
    from langspan.cli.terminal import Style

_WIDEST_BAR, _SHORTEST_BAR = 20, 8
_SHORTEST_NAME, _SHORTEST_NOTE = 24, 20
_GAP = "  "
_DIM, _RED, _YELLOW = "2", "31", "33"
_COLOURS = {
    OperationName.CHAT: "36",
    OperationName.TEXT_COMPLETION: "36",
    OperationName.GENERATE_CONTENT: "36",
    OperationName.EMBEDDINGS: "34",
    OperationName.RETRIEVAL: "34",
    OperationName.EXECUTE_TOOL: _YELLOW,
    OperationName.INVOKE_AGENT: "1;35",
    OperationName.INVOKE_WORKFLOW: "1;35",
}


_COUNTED = ((LANGSPAN_RETRIEVAL_DOCUMENT_COUNT, "document"), (LANGSPAN_EMBEDDINGS_INPUT_COUNT, "text"))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How wide each part of a line is, and which stretch of time the bars cover."""

    name: int
    bar: int
    begin_ns: int
    total_ns: int


def draw(rows: Sequence[SpanRow], style: Style) -> list[str]:
    """Draw one trace: a summary, the column titles and a line for every span.

    Spans whose parent is not among the rows hang below a line that names the missing parent.
    Columns that would stay empty are left out, and others where names need their room. Lines keep
    to the style's width, as far as a readable name and error allow.
    """
    lines = list(nested(rows, style))
    names = max(len(line.stem) + len(line.label) for line in lines)
    table = _fitting(table_of(rows, style), style.width - names)
    layout = _layout_of(rows, names, table, style)
    titles = [_titles(cells, layout, style) for cells in table.titles if "".join(cells).strip()]
    return [_summary(rows, style), "", *titles, *(_draw_line(line, layout, table, style) for line in lines)]


def _fitting(table: Table, room: int) -> Table:
    """Leave out columns, the least important first, until the rest fits or all that are left matter."""
    while sum(len(_GAP) + width for width in table.widths) > room:
        smaller = table.without_least()
        if smaller is None:
            break
        table = smaller
    return table


def _layout_of(rows: Sequence[SpanRow], wanted: int, table: Table, style: Style) -> _Layout:
    """Names get what they want, as far as figures leave room; bars get what notes leave of the rest."""
    figures = {row.span_id: sum(len(_GAP) + len(cell) for cell in _figures(row, table)) for row in rows}
    beside = max(figures[row.span_id] + _note_width(row, style) for row in rows)
    name = min(wanted, max(style.width - max(figures.values()), _SHORTEST_NAME))
    bar = min(style.width - name - beside - len(_GAP), _WIDEST_BAR)
    begin, end = _bounds(rows)
    return _Layout(name, bar if bar >= _SHORTEST_BAR else 0, begin, max(end - begin, 1))


def _note_width(row: SpanRow, style: Style) -> int:
    note = _note(row, style)[0]
    return len(_GAP) + min(len(note), _SHORTEST_NOTE) if note else 0


def _figures(row: SpanRow, table: Table) -> list[str]:
    """The cells of a row up to the last that has something in it."""
    cells = table.cells(row)
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _bounds(rows: Sequence[SpanRow]) -> tuple[int, int]:
    return min(row.start_ns for row in rows), max(row.end_ns or row.start_ns for row in rows)


def _summary(rows: Sequence[SpanRow], style: Style) -> str:
    begin, end = _bounds(rows)
    failures = sum(row.failed for row in rows)
    parts = [
        f"trace {clean(rows[0].trace_id)}",
        _counted(len(rows), "span"),
        duration_text(end - begin, style),
        *([style.paint(_counted(failures, "error"), _RED)] if failures else []),
        *_tokens(rows),
    ]
    return style.pick(" · ", " - ").join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _tokens(rows: Sequence[SpanRow]) -> list[str]:
    """Sum the tokens of the model calls; agents repeat the sums of what is below them."""
    calls = [row for row in rows if row.calls_model]
    read = [n for row in calls if (n := row.count(GEN_AI_USAGE_INPUT_TOKENS)) is not None]
    written = [n for row in calls if (n := row.count(GEN_AI_USAGE_OUTPUT_TOKENS)) is not None]
    return [f"{sum(read)} tokens in, {sum(written)} out"] if read or written else []


def _titles(cells: Sequence[str], layout: _Layout, style: Style) -> str:
    bar = [" " * layout.bar] if layout.bar else []
    return style.paint(_GAP.join([" " * layout.name, *bar, *cells]).rstrip(), _DIM)


def _draw_line(line: Line, layout: _Layout, table: Table, style: Style) -> str:
    label = cut(line.label, max(layout.name - len(line.stem), 1), style)
    stem = style.paint(line.stem, _DIM)
    if line.row is None:
        return stem + style.paint(label, _DIM)
    row = line.row
    colour = _RED if row.failed else _COLOURS.get(row.operation, "")
    pieces = [(label.ljust(layout.name - len(line.stem)), colour)]
    if layout.bar:
        pieces.append((_bar(row, layout, style), colour or _DIM))
    pieces += [(cell, "") for cell in _figures(row, table)]
    note, note_colour = _note(row, style)
    used = len(line.stem) + sum(len(text) + len(_GAP) for text, _ in pieces)
    pieces.append((cut(note, max(style.width - used, _SHORTEST_NOTE), style), note_colour))
    return stem + _GAP.join(style.paint(text, code) for text, code in pieces).rstrip()


def _note(row: SpanRow, style: Style) -> tuple[str, str]:
    """Say in words what the figures do not: an error, another way to end, what was found or embedded."""
    if row.error:
        return f"{style.pick('✗', 'x')} {clean(row.error)}", _RED
    if row.outcome:
        return clean(row.outcome), _YELLOW
    counts = ((row.count(key), word) for key, word in _COUNTED)
    return next((_counted(count, word) for count, word in counts if count is not None), ""), _DIM


def _bar(row: SpanRow, layout: _Layout, style: Style) -> str:
    """Show when in the trace the span ran; even the shortest span is one sign wide."""
    ended = layout.begin_ns + layout.total_ns if row.end_ns is None else max(row.end_ns, row.start_ns)
    first = (row.start_ns - layout.begin_ns) * layout.bar // layout.total_ns
    first = min(first, layout.bar - 1)
    beyond = -((layout.begin_ns - ended) * layout.bar // layout.total_ns)
    sign = style.pick("━", "=")
    return (" " * first + sign * max(beyond - first, 1)).ljust(layout.bar)
