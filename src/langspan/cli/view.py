"""`langspan view`: show the traces of a file, or those of them that are wanted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from typing import Final

from langspan.cli.columns import printable
from langspan.cli.facts import TraceFacts
from langspan.cli.following import follow
from langspan.cli.listing import listed, turns
from langspan.cli.machine import as_line, trace_data
from langspan.cli.nesting import by_trace
from langspan.cli.reading import read
from langspan.cli.rows import SpanRow
from langspan.cli.said import has_content, said
from langspan.cli.selecting import Selection, chosen
from langspan.cli.summary import data, summary
from langspan.cli.terminal import CliError, Style
from langspan.cli.tree import draw

_MAX_LISTED: Final = 20
_MANY: Final = 5


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; each field is an option of that name."""

    file: str
    trace: str | None = None
    errors: bool = False
    slower: int | None = None
    conversation: str | None = None
    name: str | None = None
    list: bool = False
    summary: bool = False
    content: bool = False
    json: bool = False
    follow: bool = False

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Options:
        """Take the options from the parsed command line."""
        return cls(**{field.name: getattr(arguments, field.name) for field in fields(cls)})

    @property
    def selection(self) -> Selection:
        """Which traces are wanted."""
        return Selection(self.trace, self.errors, self.slower, self.conversation, self.name)

    @property
    def full(self) -> bool:
        """Whether long texts are needed."""
        return self.content or self.json


def run(options: Options, style: Style) -> int:
    """Show the traces of a file that are wanted.

    Args:
        options: The options from the command line.
        style: How to draw.

    Returns:
        The exit code 0.

    Raises:
        CliError: The file cannot be read, is in no format that is known, or holds no such trace.
    """
    name = "standard input" if options.file == "-" else options.file
    warn = partial(_warn, name)
    try:
        if options.follow:
            _follow(options, style, warn)
            return 0
        traces, known = _traces(options, warn)
    except CliError as error:
        raise CliError(f"{name}: {error}") from error
    if not traces:
        raise CliError(_missing(name, options, known))
    _print(_shown(traces, options, style))
    if len(traces) > _MANY and options.selection.is_any and _draws_trees(options):
        warn(f"{len(traces)} traces; --list shows each on a line, --errors those that failed")
    return 0


def _traces(options: Options, warn: Callable[[str], None]) -> tuple[list[TraceFacts], Sequence[str]]:
    """Return the traces that are wanted, and the ids of the first ones that there are."""
    beginning = (options.trace or "").lower()
    seen: dict[str, None] = {}

    def keep(trace_id: str) -> bool:
        if len(seen) <= _MAX_LISTED:
            seen[trace_id] = None
        return trace_id.startswith(beginning)

    rows = read(options.file, warn, keep, full=options.full)
    return chosen(map(TraceFacts, by_trace(rows).values()), options.selection), list(seen)


def _missing(name: str, options: Options, known: Sequence[str]) -> str:
    if not known:
        return f"{name}: no spans in it"
    if options.selection != Selection(trace=options.trace):
        return f"{name}: no trace in it is like that"
    lines = [f"  {printable(trace)}" for trace in known][:_MAX_LISTED]
    more = ["  ..."] if len(known) > _MAX_LISTED else []
    return "\n".join([f"{name}: no trace {options.trace}; it holds", *lines, *more])


def _draws_trees(options: Options) -> bool:
    return not (options.list or options.summary or options.conversation or options.json)


def _shown(traces: Sequence[TraceFacts], options: Options, style: Style) -> Iterator[str]:
    if options.json:
        items = [data(traces)] if options.summary else (_as_data(trace, options) for trace in traces)
        yield from map(as_line, items)
    elif options.summary:
        yield from summary(traces, style)
    elif options.conversation is not None:
        yield from turns(options.conversation, traces, style)
        if options.content:
            yield ""
            yield from _separated(said(_turn(trace), style) for trace in traces)
    elif options.list:
        yield from listed(traces, style)
    else:
        yield from _separated(_tree(trace, options, style) for trace in traces)


def _turn(trace: TraceFacts) -> Sequence[SpanRow]:
    """Return the span that has what came in and went out; if it says nothing, all."""
    return [trace.root] if has_content(trace.root) else trace.rows


def _as_data(trace: TraceFacts, options: Options) -> dict[str, object]:
    return trace_data(trace, spans=not options.list)


def _tree(trace: TraceFacts, options: Options, style: Style) -> Iterator[str]:
    yield from draw(trace.rows, style)
    if options.content:
        yield ""
        yield from said(trace.rows, style)


def _separated(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    for number, part in enumerate(parts):
        yield from ([""] if number else [])
        yield from part


def _follow(options: Options, style: Style, warn: Callable[[str], None]) -> None:
    if options.file == "-" or options.summary or options.conversation:
        raise CliError("--follow takes a file, and neither --summary nor --conversation")

    shown = 0

    def show(rows: list[SpanRow]) -> None:
        nonlocal shown
        traces = chosen(map(TraceFacts, by_trace(rows).values()), options.selection)
        if traces:
            lines = _shown(traces, options, style)
            _print(islice(lines, 1, None) if shown and options.list and not options.json else lines)
            sys.stdout.flush()
            shown += 1

    follow(options.file, show, warn, full=options.full)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _warn(name: str, text: str) -> None:
    print(f"langspan: {name}: {text}", file=sys.stderr)
