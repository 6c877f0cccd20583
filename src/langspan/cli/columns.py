"""The figures beside a span: which columns a trace needs, and how numbers and text are formatted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from langspan.cli.rows import SpanRow
from langspan.cli.terminal import Style
from langspan.conventions import names

_NS_PER_S: Final = 1_000_000_000
_DETAILS: Final = 3


def printable(text: str) -> str:
    """Return foreign text as one safe line for the terminal, with spaces for unprintable characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def truncate(text: str, width: int, style: Style) -> str:
    """Shorten `text` to `width` characters, with an ellipsis if something is cut off."""
    if len(text) <= width:
        return text
    mark = style.pick("…", "~")
    return text[: max(width - len(mark), 0)] + mark


def duration_text(nanoseconds: int, style: Style) -> str:
    """Format a duration with about three digits, in the unit that suits it."""
    seconds = nanoseconds / _NS_PER_S
    if seconds >= 59.95:  # noqa: PLR2004
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} m {rest:02d} s"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size * 0.9995:
            value = seconds / size
            return f"{value:.{max(0, 2 - (value >= 9.995) - (value >= 99.95))}f} {unit}"  # noqa: PLR2004
    return f"{round(seconds * 1e6)} {style.pick('µs', 'us')}"


def dollars_text(amount: float, digits: int = 3) -> str:
    """Format an amount of US dollars: cents from a dollar on, and so many digits of what is less."""
    if amount >= 0.9995 or not amount:  # noqa: PLR2004
        return f"${amount:,.2f}"
    return f"${amount:.{min(digits - 1 - math.floor(math.log10(amount)), 12)}f}"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one trace, each as wide as its widest cell."""

    columns: Sequence[_Column]
    widths: Sequence[int]
    style: Style

    @property
    def titles(self) -> list[list[str]]:
        """Two lines of titles; the first is blank above a title of one word."""
        pairs = list(zip(self.columns, self.widths, strict=True))
        return [
            [column.title[0].rjust(width) for column, width in pairs],
            [column.title[1].rjust(width) for column, width in pairs],
        ]

    @property
    def has_details(self) -> bool:
        """Whether there are columns that say less than when the spans ran."""
        return any(column.drop_priority >= _DETAILS for column in self.columns)

    def without_least_important(self) -> Table | None:
        """Return the table without its least important column, or None if the rest is essential."""
        least = max(range(len(self.columns)), key=lambda i: self.columns[i].drop_priority, default=None)
        if least is None or not self.columns[least].drop_priority:
            return None
        rest = [pair for i, pair in enumerate(zip(self.columns, self.widths, strict=True)) if i != least]
        return Table([column for column, _ in rest], [width for _, width in rest], self.style)

    def cells(self, row: SpanRow) -> list[str]:
        """Return the figures of a span, aligned, with blanks for those it does not have."""
        pairs = zip(self.columns, self.widths, strict=True)
        return [column.cell(row, self.style).rjust(width) for column, width in pairs]


def table_of(rows: Sequence[SpanRow], style: Style) -> Table:
    """Choose the columns in which at least one span has a figure."""
    columns, widths = [], []
    for column in _COLUMNS:
        longest = max((len(column.cell(row, style)) for row in rows), default=0)
        if longest:
            columns.append(column)
            widths.append(max(longest, *map(len, column.title)))
    return Table(columns, widths, style)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column. In a narrow terminal, the highest `drop_priority` is left out first, and 0 never."""

    title: tuple[str, str]
    cell: Callable[[SpanRow, Style], str]
    drop_priority: int = 0


def _time(row: SpanRow, style: Style) -> str:
    return "not ended" if row.end_ns is None else duration_text(max(row.end_ns - row.start_ns, 0), style)


def _time_to_first_chunk(row: SpanRow, style: Style) -> str:
    seconds = row.seconds(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
    return "" if seconds is None else duration_text(round(seconds * _NS_PER_S), style)


def _tokens(*keys: str) -> Callable[[SpanRow, Style], str]:
    """Return a cell with the first count that is present: its name differs between convention versions."""

    def cell(row: SpanRow, _style: Style) -> str:
        counts = (row.count(key) for key in keys)
        return next((str(count) for count in counts if count is not None), "")

    return cell


def _cost(row: SpanRow, _style: Style) -> str:
    amount = row.dollars()
    return "" if amount is None else dollars_text(amount, digits=2)


_COLUMNS: Final = (
    _Column(("", "time"), _time),
    _Column(("first", "chunk"), _time_to_first_chunk, drop_priority=1),
    _Column(("tokens", "in"), _tokens(names.GEN_AI_USAGE_INPUT_TOKENS)),
    _Column(("", "cached"), _tokens(names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS), drop_priority=2),
    _Column(
        ("to", "cache"),
        _tokens(names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS),
        drop_priority=4,
    ),
    _Column(("tokens", "out"), _tokens(names.GEN_AI_USAGE_OUTPUT_TOKENS)),
    _Column(("", "reasoning"), _tokens(names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS), drop_priority=3),
    _Column(("", "cost"), _cost, drop_priority=1),
)
