"""What the doctor finds, a line for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from langspan.cli.terminal import Style

FINE: Final = "fine"
NOTE: Final = "note"
WARNING: Final = "warning"
PROBLEM: Final = "problem"

STYLES: Final = {
    FINE: ("✓", "+", "32"),
    NOTE: (" ", " ", ""),
    WARNING: ("!", "!", "33"),
    PROBLEM: ("✗", "x", "31"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: its severity, its subject and what was found."""

    level: str
    subject: str
    text: str

    def line(self, style: Style) -> str:
        """Return the line as it is drawn."""
        drawn, plain, colour = STYLES[self.level]
        return f"  {style.paint(style.pick(drawn, plain), colour)} {self.subject:<30} {self.text}".rstrip()
