"""The capabilities of the terminal, and the error that ends a command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_DEFAULT_WIDTH: Final = 100
_MIN_WIDTH: Final = 50
_MAX_WIDTH: Final = 140
_IS_WINDOWS: Final = os.name == "nt"
# Set by Windows Terminal, by ConEmu, by ANSICON, and by the shells that come from Unix.
_ANSI_VARIABLES: Final = ("WT_SESSION", "ConEmuANSI", "ANSICON", "TERM")


class CliError(Exception):
    """An error that ends a command; its message is for the user."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw: with Unicode or ASCII, with or without colour, and in how many columns."""

    unicode: bool = True
    colour: bool = False
    width: int = _DEFAULT_WIDTH

    def paint(self, text: str, code: str) -> str:
        """Wrap `text` in the ANSI colour `code` if the style has colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def pick(self, drawn: str, plain: str) -> str:
        """Return the Unicode text or its ASCII replacement."""
        return drawn if self.unicode else plain


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Return how to draw on a stream, from its encoding and the environment.

    Colour needs a terminal, an empty or unset `NO_COLOR` and a `TERM` other than `dumb`, and on Windows a
    terminal that announces itself: an old console would print the escape sequences.

    Args:
        stream: The stream, normally `sys.stdout`.
        environ: The process environment.
    """
    terminal = stream.isatty()
    return Style(
        unicode=_can_draw(stream.encoding),
        colour=terminal and _can_colour(environ),
        width=_width(terminal=terminal, wanted=environ.get("COLUMNS", "")),
    )


def _can_colour(environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return not _IS_WINDOWS or any(environ.get(name) for name in _ANSI_VARIABLES)


def _can_draw(encoding: str | None) -> bool:
    try:
        "├─└│·…✗━µ".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _width(*, terminal: bool, wanted: str) -> int:
    if terminal:
        columns = shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns
    else:
        columns = int(wanted) if wanted.isdecimal() else _DEFAULT_WIDTH
    return min(max(columns, _MIN_WIDTH), _MAX_WIDTH)
