"""The spans of a trace, drawn as a tree of lines. Pure functions from rows and a style to text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from langspan.cli.columns import Table, dollars_text, duration_text, printable, table_of, truncate
from langspan.cli.failures import marked
from langspan.cli.nesting import TreeLine, nested
from langspan.cli.rows import SpanRow, extent
from langspan.cli.terminal import Style
from langspan.conventions.names import (
    ERROR_TYPE,
    GEN_AI_USAGE_INPUT_TOKENS,
    GEN_AI_USAGE_OUTPUT_TOKENS,
    LANGSPAN_EMBEDDINGS_INPUT_COUNT,
    LANGSPAN_RETRIEVAL_DOCUMENT_COUNT,
    OperationName,
    OwnOperationName,
)

_MIN_BAR: Final = 8
_MAX_BAR: Final = 20
_MIN_NAME: Final = 24
_MIN_NOTE: Final = 20
_GAP: Final = "  "
_BAR_ROOM: Final = len(_GAP) + _MIN_BAR
_DIM: Final = "2"
_RED: Final = "31"
_YELLOW: Final = "33"
_COLOURS: Final = {
    OperationName.CHAT: "36",
    OperationName.TEXT_COMPLETION: "36",
    OperationName.GENERATE_CONTENT: "36",
    OwnOperationName.CLASSIFY: "36",
    OperationName.EMBEDDINGS: "34",
    OperationName.RETRIEVAL: "34",
    OperationName.EXECUTE_TOOL: _YELLOW,
    OperationName.INVOKE_AGENT: "1;35",
    OperationName.INVOKE_WORKFLOW: "1;35",
}
_COUNTED: Final = ((LANGSPAN_RETRIEVAL_DOCUMENT_COUNT, "document"), (LANGSPAN_EMBEDDINGS_INPUT_COUNT, "text"))


@dataclass(frozen=True, slots=True)
class _Layout:
    """The width of each part of a line, and the time range that the bars cover."""

    name: int
    bar: int
    begin_ns: int
    total_ns: int


def draw(rows: Sequence[SpanRow], style: Style) -> list[str]:
    """Draw one trace: a summary, the column titles and a line for every span.

    Spans whose parent is not among the rows are drawn below a line that names the missing parent. Empty
    columns are left out, and the least important ones if names need their space. Lines fit the style's width
    as far as a readable name and error allow. An error is told where it began; the spans that passed it on
    only have the mark.
    """
    rows = marked(rows)
    lines = list(nested(rows, style))
    names = max(len(line.stem) + len(line.label) for line in lines)
    table = _fit_columns(table_of(rows, style), style.width - names)
    layout = _compute_layout(rows, names, table, style)
    titles = [_titles(cells, layout, style) for cells in table.titles if "".join(cells).strip()]
    return [_summary(rows, style), "", *titles, *(_draw_line(line, layout, table, style) for line in lines)]


def _fit_columns(table: Table, room: int) -> Table:
    """Leave out columns, least important first, until the rest fits or is essential; a few yield to bars."""
    while sum(len(_GAP) + width for width in table.widths) > room - _BAR_ROOM * table.has_details:
        smaller = table.without_least_important()
        if smaller is None:
            break
        table = smaller
    return table


def _compute_layout(rows: Sequence[SpanRow], wanted: int, table: Table, style: Style) -> _Layout:
    """Divide the width of a line between name, bar, figures and note; names come before bars."""
    figures = {row.span_id: sum(len(_GAP) + len(cell) for cell in _figures(row, table)) for row in rows}
    beside = max(figures[row.span_id] + _note_width(row, style) for row in rows)
    name = min(wanted, max(style.width - max(figures.values()), _MIN_NAME))
    bar = min(style.width - name - beside - len(_GAP), _MAX_BAR)
    begin, end = extent(rows)
    return _Layout(name, bar if bar >= _MIN_BAR else 0, begin, max(end - begin, 1))


def _note_width(row: SpanRow, style: Style) -> int:
    note = note_of(row, style)[0]
    return len(_GAP) + min(len(note), _MIN_NOTE) if note else 0


def _figures(row: SpanRow, table: Table) -> list[str]:
    """Return the cells of a row up to the last one that is not blank."""
    cells = table.cells(row)
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _summary(rows: Sequence[SpanRow], style: Style) -> str:
    begin, end = extent(rows)
    failures = sum(row.failed and not row.passes_on for row in rows)
    parts = [
        f"trace {printable(rows[0].trace_id)}",
        _counted(len(rows), "span"),
        duration_text(end - begin, style),
        *([style.paint(_counted(failures, "error"), _RED)] if failures else []),
        *_tokens(rows),
        *_cost(rows),
    ]
    return style.pick(" · ", " - ").join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _tokens(rows: Sequence[SpanRow]) -> list[str]:
    """Sum the tokens of the model calls; the counts on agents are sums over the same calls."""
    calls = [row for row in rows if row.calls_model]
    read = [n for row in calls if (n := row.count(GEN_AI_USAGE_INPUT_TOKENS)) is not None]
    written = [n for row in calls if (n := row.count(GEN_AI_USAGE_OUTPUT_TOKENS)) is not None]
    return [f"{sum(read)} tokens in, {sum(written)} out"] if read or written else []


def _cost(rows: Sequence[SpanRow]) -> list[str]:
    """Sum what the model calls cost, likewise."""
    calls = [row for row in rows if row.calls_model and row.may_cost]
    costs = [amount for row in calls if (amount := row.dollars()) is not None]
    if not costs:
        return []
    missing = len(calls) - len(costs)
    return [
        dollars_text(math.fsum(costs)) + (f" and {_counted(missing, 'call')} unpriced" if missing else "")
    ]


def _titles(cells: Sequence[str], layout: _Layout, style: Style) -> str:
    bar = [" " * layout.bar] if layout.bar else []
    return style.paint(_GAP.join([" " * layout.name, *bar, *cells]).rstrip(), _DIM)


def _draw_line(line: TreeLine, layout: _Layout, table: Table, style: Style) -> str:
    label = truncate(line.label, max(layout.name - len(line.stem), 1), style)
    stem = style.paint(line.stem, _DIM)
    if line.row is None:
        return stem + style.paint(label, _DIM)
    row = line.row
    colour = _RED if row.failed else _COLOURS.get(row.operation, "")
    pieces = [(label.ljust(layout.name - len(line.stem)), colour)]
    if layout.bar:
        pieces.append((_bar(row, layout, style), colour or _DIM))
    pieces += [(cell, "") for cell in _figures(row, table)]
    note, note_colour = note_of(row, style)
    used = len(line.stem) + sum(len(text) + len(_GAP) for text, _ in pieces)
    pieces.append((_fit_note(note, row, max(style.width - used, _MIN_NOTE), style), note_colour))
    return stem + _GAP.join(style.paint(text, code) for text, code in pieces).rstrip()


def note_of(row: SpanRow, style: Style) -> tuple[str, str]:
    """Return a note and its colour: the error, an unusual outcome, or the number of documents or texts."""
    if row.error:
        told = "" if row.passes_on else f" {printable(row.error)}"
        return style.pick("✗", "x") + told, _RED
    if row.outcome:
        return printable(row.outcome), _YELLOW
    if row.judgement:
        return printable(row.judgement), _DIM
    counts = ((row.count(key), word) for key, word in _COUNTED)
    return next((_counted(count, word) for count, word in counts if count is not None), ""), _DIM


def _fit_note(note: str, row: SpanRow, room: int, style: Style) -> str:
    """Shorten a note; of an error, its module goes first, for its class says more."""
    kind = printable(str(row.attributes.get(ERROR_TYPE, "")))
    if len(note) > room and row.failed and "." in kind:
        note = note.replace(kind, style.pick("…", "~") + kind.rpartition(".")[2], 1)
    return truncate(note, room, style)


def _bar(row: SpanRow, layout: _Layout, style: Style) -> str:
    """Draw when in the trace the span ran; even the shortest span is one character wide."""
    ended = layout.begin_ns + layout.total_ns if row.end_ns is None else max(row.end_ns, row.start_ns)
    first = (row.start_ns - layout.begin_ns) * layout.bar // layout.total_ns
    first = min(first, layout.bar - 1)
    beyond = min(-((layout.begin_ns - ended) * layout.bar // layout.total_ns), layout.bar)
    block = style.pick("━", "=")
    return (" " * first + block * max(beyond - first, 1)).ljust(layout.bar)
