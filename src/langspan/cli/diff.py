"""`langspan diff`: two runs side by side."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from langspan._values import valid_utf8
from langspan.cli.columns import duration_text
from langspan.cli.diff_text import draw_comparison
from langspan.cli.terminal import CliError, Style
from langspan.cli.view_html import publish
from langspan.cli.whole_spans import name_of, read_spans
from langspan.diff.compare import Comparison, compare
from langspan.diff.data import comparison_data
from langspan.diff.html import comparison_html

_DIFFERENT: Final = 1
_TROUBLE: Final = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What to compare, and how to show it.

    Attributes:
        left: The first run: a file, or `FILE#ID`; with `file`, a trace id or the beginning of one.
        right: The second one, likewise.
        file: The file that holds both.
        html: Where to write a page instead; `-` is standard output.
        json: Print JSON instead.
        full: Show all spans, also where nothing changed.
    """

    left: str
    right: str
    file: str | None = None
    html: str | None = None
    json: bool = False
    full: bool = False


def run(options: Options, style: Style) -> int:
    """Compare two runs and show what is different.

    Returns:
        The exit code: 0 if both have the same shape, 1 if not, 2 if they cannot be compared.
    """
    try:
        runs = [_place(each, options.file) for each in (options.left, options.right)]
        comparison = compare(*(read_spans(file, trace) for file, trace in runs))
        _show(comparison, [_name(*each) for each in runs], options, style)
    except CliError as error:
        print(f"langspan: {error}", file=sys.stderr)
        return _TROUBLE
    return 0 if comparison.same_shape else _DIFFERENT


def _place(given: str, file: str | None) -> tuple[str, str]:
    """Return the file that a run is in, and the beginning of its trace id."""
    if file is not None:
        return file, given
    name, mark, trace = given.rpartition("#")
    return (name, trace) if mark and not Path(given).exists() else (given, "")


def _name(file: str, trace: str) -> str:
    name = Path(name_of(file)).name
    return f"{name}#{trace}" if trace else name


def _show(comparison: Comparison, names: list[str], options: Options, style: Style) -> None:
    if options.html is not None:
        duration = partial(duration_text, style=Style())
        publish(comparison_html(comparison, names, duration, full=options.full), options.html)
    if options.json:
        print(valid_utf8(json.dumps(comparison_data(comparison, names), ensure_ascii=False, indent=2)))
    elif options.html is None:
        print(*map(valid_utf8, draw_comparison(comparison, names, style, full=options.full)), sep="\n")
