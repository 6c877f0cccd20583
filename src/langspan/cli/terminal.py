"""What the terminal can show, and the errors a command ends with."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_WIDTH = 100
_NARROWEST, _WIDEST = 50, 140


class CliError(Exception):
    """A command cannot do what it was asked; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw: box lines or ASCII, colour or not, and in how many columns."""

    unicode: bool = True
    colour: bool = False
    width: int = _DEFAULT_WIDTH

    def paint(self, text: str, code: str) -> str:
        """Wrap `text` in the ANSI colour `code` where colour is wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def pick(self, drawn: str, plain: str) -> str:
        """Choose the drawn sign or its ASCII stand-in."""
        return drawn if self.unicode else plain


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Read from a stream and the environment how to draw on it.

    Colour needs a terminal, an empty or absent `NO_COLOR` and a `TERM` other than `dumb`.
    """
    terminal = stream.isatty()
    return Style(
        unicode=_can_draw(stream.encoding),
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
        width=_width(terminal=terminal, wanted=environ.get("COLUMNS", "")),
    )


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
    return min(max(columns, _NARROWEST), _WIDEST)
