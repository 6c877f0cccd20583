"""`langspan view --html`: write the traces of a file as a page, and open it in a browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from langspan.cli.facts import TraceFacts
from langspan.cli.rows import SpanRow
from langspan.cli.selecting import chosen
from langspan.cli.terminal import CliError
from langspan.cli.view import Options
from langspan.cli.whole_spans import name_of, read_spans
from langspan.page.html import page_html
from langspan.page.spans import Span
from langspan.page.trees import by_trace

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_OTHER_WAYS: Final = ("list", "summary", "json", "follow")
# Spans can contain prompts: a new file is for its owner alone, as the files that the spans come from.
_OWNER_ONLY: Final = 0o600


def run(options: Options, target: str | None, *, opens: bool) -> int:
    """Write a page with the traces of a file that are wanted.

    Args:
        options: The options from the command line.
        target: Where to write the page, or `-` for standard output; by default a file that is kept where the
            system keeps temporary ones.
        opens: Whether to open the page in a browser.

    Returns:
        The exit code 0.

    Raises:
        CliError: The file cannot be read, is in no format that is known, or holds no such trace; the page
            cannot be written or opened; or other options ask for something else than a page.
    """
    if opens and target == "-":
        raise CliError("--open needs a file: --html FILE, or --open alone")
    others = [name for name in _OTHER_WAYS if getattr(options, name)]
    if others:
        raise CliError(f"--html shows all there is to see; leave out --{others[0]}")
    spans = _wanted(read_spans(options.file, options.trace or ""), options)
    publish(page_html(spans, Path(name_of(options.file)).name), target, opens=opens)
    return 0


def _wanted(spans: Sequence[Span], options: Options) -> list[Span]:
    traces = (TraceFacts(list(map(_row, each))) for each in by_trace(spans).values())
    ids = {trace.trace_id for trace in chosen(traces, options.selection)}
    if not ids:
        raise CliError(f"{name_of(options.file)}: no trace in it is like that")
    return [span for span in spans if span.trace_id in ids]


def _row(span: Span) -> SpanRow:
    return SpanRow(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id,
        name=span.name,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        attributes=span.attributes,
        failed=span.failed,
        message=span.message,
    )


def publish(document: str, target: str | None, *, opens: bool = False) -> None:
    """Write a document to a file, or to standard output for `-`, and say where it is.

    Raises:
        CliError: It cannot be written or opened.
    """
    if target == "-":
        print(document, end="")
        return
    path = _written(document.encode(), target)
    print(path)
    if opens and not webbrowser.open(path.as_uri()):
        raise CliError(f"no browser to open it with; open {path}")


def _written(document: bytes, target: str | None) -> Path:
    try:
        if target is None:
            descriptor, target = tempfile.mkstemp(prefix="langspan-", suffix=".html")
        else:
            descriptor = os.open(target, _FLAGS, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
    except (OSError, ValueError) as error:
        raise CliError(f"{target}: {getattr(error, 'strerror', None) or error}") from error
    return Path(target).resolve()
