"""Each condition that keeps content in is needed: turned round, it lets a canary out or loses content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from langspan._guard import Guard
from langspan.recording.log_events import is_supported
from privacy.judge import allowed, expected, observe, pairs, sightings
from privacy.subjects import SUBJECTS
from privacy.test_keys import ADDRESSES, address, recorded
from support.canary import failing, masked
from support.flips import Condition, conditions, flipped

GUARDS = [
    *conditions("langspan.recording.recorder", r"capture_content"),
    *conditions("langspan.recording.span_start", r"_renderer\b"),
    *conditions("langspan.recording.span_end", r"_renderer\b|_on_span|_on_event|message"),
    *conditions("langspan.kinds.chains", r"run_type|value is None"),
    *conditions("langspan.content.plain", r"_redact\b"),
    *conditions("langspan.kinds.any_run", r"user_metadata"),
    *conditions("langspan._values", r"://|mark in name"),
]
NAMES = (
    "chat",
    "failing chat stream",
    "chain",
    "busy",
    "failing tool",
    "retriever",
    "resumed graph",
    "broken",
)
CASES = [
    (subject, way)
    for subject in SUBJECTS
    if subject.name in NAMES
    for way in {"invoke", "stream"} & set(subject.ways)
]


def faults() -> Iterator[Any]:
    """What the other tests here would complain of, in production: where internal errors are contained."""
    for subject, way in CASES:
        for where in ("span", "event", "both"):
            span, event = where != "event", where != "span" and is_supported()
            seen = pairs(sightings(observe(subject, way, capture_content=where, guard=Guard())))
            wanted = pairs(expected(subject, span=span, event=event))
            yield from (wanted - seen) | (seen - wanted - allowed(subject, span=span, event=event))
        for settings in ({}, *({"capture_content": "both", "redact": hook} for hook in (masked, failing))):
            yield from sightings(observe(subject, way, guard=Guard(), **settings))
    yield from recorded("arguments of a call", address) & ADDRESSES


def test_there_is_no_fault_as_it_is() -> None:
    assert [] == list(faults())


@pytest.mark.parametrize("guard", GUARDS, ids=str)
@pytest.mark.skipif(not is_supported(), reason="needs an OpenTelemetry with events: install a newer one")
def test_a_guard_that_is_turned_round_is_noticed(guard: Condition) -> None:
    with flipped(guard):
        assert next(faults(), None) is not None


def test_a_guard_that_was_turned_round_holds_again() -> None:
    """Nor is anything remembered of it: the very same values are kept in."""
    for guard in conditions("langspan._values", r"://"):
        with flipped(guard):
            assert recorded("arguments of a call", address) & ADDRESSES
        assert set() == recorded("arguments of a call", address) & ADDRESSES
