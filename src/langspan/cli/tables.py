"""Plain tables. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from langspan.cli.terminal import Style

_GAP: Final = "  "
_DIM: Final = "2"


def aligned(
    titles: Sequence[str], lines: Sequence[Sequence[str]], *, left: Collection[int], style: Style
) -> Iterator[str]:
    """Yield the titles and the lines of a table, without the columns that are empty.

    Args:
        titles: A title for each column.
        lines: The cells of each line.
        left: The numbers of the columns that are text; figures are aligned to the right.
        style: How to draw.
    """
    used = [i for i in range(len(titles)) if any(cells[i] for cells in lines)]
    widths = {i: max(len(titles[i]), *(len(cells[i]) for cells in lines)) for i in used}
    for number, cells in enumerate([titles, *lines]):
        padded = (cells[i].ljust(widths[i]) if i in left else cells[i].rjust(widths[i]) for i in used)
        text = _GAP.join(padded).rstrip()
        yield style.paint(text, _DIM) if number == 0 else text
