"""A tree without times and figures: what stays the same when the same thing runs again. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from langspan.cli.failures import marked
from langspan.cli.nesting import by_trace, nested
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import Style
from langspan.cli.tree import note_of

_STYLE: Final = Style()
_STEM: Final = 3


@dataclass(frozen=True, slots=True)
class OutlineLine:
    """One line of an outline; without a row it stands for a parent that is not in the data."""

    depth: int
    stem: str
    text: str
    row: SpanRow | None


def outline(rows: Sequence[SpanRow]) -> Iterator[OutlineLine]:
    """Yield a line for each span: its name and how it ended, traces in the order in which they began."""
    for trace in by_trace(rows).values():
        for line in nested(marked(trace), _STYLE):
            depth = len(line.stem) // _STEM
            if line.row is None:
                yield OutlineLine(depth, line.stem, "(missing parent)", None)  # its id is never the same
                continue
            note = note_of(line.row, _STYLE)[0]
            yield OutlineLine(depth, line.stem, f"{line.label}  {note}".rstrip(), line.row)
