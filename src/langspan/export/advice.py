"""What to do when nobody answers, for the log line that says so."""

from __future__ import annotations

import re
from typing import Final

# What the stock exporters say, and langspan before they have said anything.
_NOBODY_ANSWERS: Final = re.compile(
    r"refused|resolv|unreachable|UNAVAILABLE|DEADLINE_EXCEEDED|ConnectTimeout|no answer"
    r"|^Failed to export \w+ batch due to timeout"
)
_WITHOUT_A_COLLECTOR: Final = (
    ". Without a collector, OTEL_TRACES_EXPORTER=langspan_file writes spans to a file"
)


def advice(items: str, sent: int, reason: str) -> str:
    """Return what to do without a collector, if there seems to be none, else an empty text.

    Args:
        items: The noun for what could not be sent. A file takes spans only.
        sent: How many were sent before. A collector that took some exists.
        reason: What the exporter said.
    """
    if items == "spans" and not sent and _NOBODY_ANSWERS.search(reason):
        return _WITHOUT_A_COLLECTOR
    return ""
