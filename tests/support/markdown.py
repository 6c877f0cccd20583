"""Pieces of the pages that are made by scripts: `tools/`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable


def prose(text: str) -> str:
    """A paragraph."""
    return textwrap.fill(text, 115, break_long_words=False, break_on_hyphens=False) + "\n"


def codes(texts: Iterable[str]) -> str:
    """A list of names."""
    return ", ".join(map(code, texts))


def code(text: str) -> str:
    """A name."""
    return f"`{text}`"


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table, each cell of which fits a line."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
