"""A comparison as an HTML document without a script. Pure functions; every foreign text is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from langspan._values import valid_utf8
from langspan.diff.changes import Change
from langspan.diff.compare import Comparison, Row
from langspan.diff.words import SAME, figures_text, said_in, shown_rows, sums_table
from langspan.page.html import asset, head

MARKS: Final = {"same": " ", "changed": "~", "removed": "-", "added": "+"}
"""What stands before a row of each kind."""

_MOST_INDENT: Final = 40


def comparison_html(
    comparison: Comparison, names: Sequence[str], duration: Callable[[int], str], *, full: bool
) -> str:
    """Return a document that shows a comparison.

    Args:
        comparison: The two runs.
        names: What to call them.
        duration: Formats nanoseconds.
        full: Show all spans, also where nothing changed.
    """
    title = f"{names[0]} and {names[1]}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        *_sums(comparison, names, duration),
        f'<p class="parting">{_parting(comparison)}</p>',
        *(
            line
            for row, left_out in shown_rows(comparison, full=full)
            for line in _row(row, left_out, duration)
        ),
    ]
    return head(title, asset("diff.css")) + "<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"


def _text(text: str) -> str:
    return html.escape(valid_utf8(text))


def _sums(comparison: Comparison, names: Sequence[str], duration: Callable[[int], str]) -> Iterator[str]:
    yield f'<table class="sums"><tr><th></th><th>{_text(names[0])}</th><th>{_text(names[1])}</th></tr>'
    for cells in sums_table(comparison.sums, duration):
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table>"


def _parting(comparison: Comparison) -> str:
    if comparison.parting is None:
        return _text(SAME)
    path = " > ".join(comparison.parting.path)
    return f"They part at {_text(path)}: <b>{_text(comparison.parting.what)}</b>"


def _row(row: Row, left_out: int, duration: Callable[[int], str]) -> Iterator[str]:
    indent = "<i></i>" * min(row.depth, _MOST_INDENT)
    same = f" <small>and {left_out} spans below, the same</small>" if left_out else ""
    yield (
        f'<div class="row {row.kind}"><span class="mark">{MARKS[row.kind]}</span>'
        f'<span class="name">{indent}{_text(row.span.name)}{same}</span>'
        f'<span class="figures">{_text(figures_text(row, duration))}</span></div>'
    )
    if row.changes:
        words = ", ".join(change.what for change in row.changes)
        yield f"<details><summary>{_text(words)}</summary>"
        yield f'<div class="changes">{"".join(map(_change, row.changes))}</div></details>'


def _change(change: Change) -> str:
    sides = "".join(f"<pre>{_text(_value(value))}</pre>" for value in (change.left, change.right))
    return f'<h2>{_text(change.what)}</h2><div class="both">{sides}</div>'


def _value(value: Any) -> str:
    """Return a value to be read at leisure: messages as what they say, other JSON over several lines."""
    said = said_in(value)
    return json.dumps(value, ensure_ascii=False, indent=2) if said[:1] in {"{", "["} else said
