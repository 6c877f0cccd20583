"""`langspan view --html`: write the traces of a file as a page, and open it in a browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path
from typing import Final

from langspan.cli.terminal import CliError
from langspan.cli.whole_spans import Wanted, name_of, read_spans
from langspan.page.html import page_html

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
# Spans can contain prompts: a new file is for its owner alone, as the files that the spans come from.
_OWNER_ONLY: Final = 0o600


def run(source: str, wanted: Wanted, target: str | None, *, opens: bool) -> int:
    """Write a page with every trace of a file, or with those whose ids start with `wanted`.

    Args:
        source: The path of the file, or `-` for standard input.
        wanted: A trace id or the beginning of one, or several; with an empty one all traces are shown.
        target: Where to write the page, or `-` for standard output; by default a file that is kept where the
            system keeps temporary ones.
        opens: Whether to open the page in a browser.

    Returns:
        The exit code 0.

    Raises:
        CliError: The file cannot be read, is not OTLP JSON, or holds no such trace; or the page cannot be
            written or opened.
    """
    if opens and target == "-":
        raise CliError("--open needs a file: --html FILE, or --open alone")
    spans = read_spans(source, wanted)
    publish(page_html(spans, Path(name_of(source)).name), target, opens=opens)
    return 0


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
