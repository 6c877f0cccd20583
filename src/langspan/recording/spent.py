"""The part of a span's end that knows what model calls cost, as the end of a span sees it."""

from __future__ import annotations

from typing import Any, Protocol

from langspan._values import Attributes
from langspan.recording.run import Run


class Spent(Protocol):
    """Somebody who adds up what is spent."""

    def told(self, run: Run, attributes: Attributes, result: Any) -> Attributes:
        """Return the attributes of a run that ends, with what it cost, or all that it summed up."""
