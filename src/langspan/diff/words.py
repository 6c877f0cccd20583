"""What a comparison says, in words and figures, for every way to draw it. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from langspan.diff.compare import Comparison, Row
from langspan.page.figures import Sums
from langspan.page.spans import Span

ARROW: Final = "→"
_ALSO_SAME: Final = 3

SAME: Final = "Both runs have the same shape, and say the same."
"""What to say of two runs that part nowhere."""


def sums_table(sums: Sequence[Sums], duration: Callable[[int], str]) -> Iterator[tuple[str, str, str]]:
    """Yield what to call each sum, and its two values; those that neither run has are left out.

    Args:
        sums: Of both runs.
        duration: Formats nanoseconds.
    """
    a, b = sums
    yield "spans", str(a.spans), str(b.spans)
    yield "errors", str(a.errors), str(b.errors)
    for name, values in (
        ("tokens in", (a.input_tokens, b.input_tokens)),
        ("tokens out", (a.output_tokens, b.output_tokens)),
    ):
        if values != (None, None):
            yield name, number_text(values[0]), number_text(values[1])
    for currency in sorted(a.cost.keys() | b.cost.keys()):
        costs = (number_text(each.cost.get(currency)) for each in (a, b))
        yield f"cost {currency}".rstrip(), *costs  # type: ignore[misc] # two of them
    yield "time", duration(a.duration_ns), duration(b.duration_ns)


def number_text(number: float | None) -> str:
    """Format a number, or say that there is none."""
    if number is None:
        return "-"
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def value_text(value: Any) -> str:
    """Return a value as text: text as it is, everything else as JSON."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def said_in(value: Any) -> str:
    """Return what messages say, without the JSON around it; any other value as text."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(each, dict) and "parts" in each for each in value)
    ):
        return "\n".join(f"{value_text(each.get('role', ''))}: {_parts(each['parts'])}" for each in value)
    return value_text(value)


def _parts(parts: Any) -> str:
    if not isinstance(parts, list):
        return value_text(parts)
    return " ".join(_part(part) if isinstance(part, dict) else value_text(part) for part in parts)


def _part(part: dict[str, Any]) -> str:
    if part.get("type") == "text":
        return value_text(part.get("content"))
    if part.get("type") == "tool_call":
        return f"calls {value_text(part.get('name'))} {value_text(part.get('arguments'))}"
    if part.get("type") == "tool_call_response":
        return value_text(part.get("response", part.get("result")))
    return value_text(part)


def figures_text(row: Row, duration: Callable[[int], str]) -> str:
    """Return the figures of a row, with an arrow between those that differ."""
    spans = [span for span in (row.left, row.right) if span is not None]
    times = [_time(span, duration) for span in spans]
    changed = [
        f"{each.what} {number_text(each.left)} {ARROW} {number_text(each.right)}" for each in row.figures
    ]
    return " · ".join([f" {ARROW} ".join(dict.fromkeys(times)), *changed])


def _time(span: Span, duration: Callable[[int], str]) -> str:
    return "not ended" if span.duration_ns is None else duration(span.duration_ns)


def shown_rows(comparison: Comparison, *, full: bool) -> Iterator[tuple[Row, int]]:
    """Yield each row to draw, and how many below it are left out because they are the same.

    Args:
        comparison: The two runs.
        full: Leave out nothing.
    """
    skip = 0
    for row in comparison.rows:
        if skip:
            skip -= 1
            continue
        gone = row.kind in {"removed", "added"}
        if not full and not gone and row.same_below and row.below >= _ALSO_SAME:
            skip = row.below
        yield row, skip
