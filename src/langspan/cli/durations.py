"""Durations on the command line."""

from __future__ import annotations

import argparse
import re
from typing import Final

_UNITS: Final = {
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(us|µs|ms|s|m|h|)")


def duration(text: str) -> int:
    """Read a duration, such as `1.5s`, `200ms` or `2m`, as nanoseconds; a number alone is in seconds.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write it as 1s, 200ms or 2m")
    return round(float(found[1]) * _UNITS[found[2]])
