"""How much room a captured value has: bytes of UTF-8, and characters where OpenTelemetry counts those."""

from __future__ import annotations

from typing import Final

MAX_CHARS: Final = 2**63 - 1


class Room:
    """The maximum size of a text. A text in ASCII takes as many bytes as characters. Immutable.

    Attributes:
        size: In bytes of UTF-8.
        chars: In characters.
        least: The number of characters above which no text fits.

    Args:
        size: See above.
        chars: See above.
    """

    __slots__ = ("chars", "least", "size")

    def __init__(self, size: int, chars: int = MAX_CHARS) -> None:
        self.size = size
        self.chars = chars
        self.least = min(size, chars)

    def load(self, text: str) -> float:
        """Return which part of the room a text takes; more than 1 if it does not fit."""
        size = len(text) if text.isascii() else len(text.encode())
        return max(size / self.size, len(text) / self.chars) if self.least > 0 else 2.0

    def part(self, share: float, minimum: int = 0) -> Room:
        """Return a share of the room, but no less than a minimum of it."""
        size, chars = max(int(self.size * share), minimum), max(int(self.chars * share), minimum)
        return Room(min(self.size, size), min(self.chars, chars))

    def less(self, amount: int) -> Room:
        """Return the room beside a text in ASCII of that length."""
        return Room(max(self.size - amount, 0), max(self.chars - amount, 0))
