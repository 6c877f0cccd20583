"""What users and providers fill in gets out where it was asked for, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from langspan.recording.log_events import is_supported
from privacy.judge import allowed, expected, observe, pairs, sightings
from privacy.subjects import SUBJECTS, Subject
from support.canary import failing, masked, unmasked
from support.capabilities import BETA, OLD_STREAMS

pytestmark = [OLD_STREAMS, BETA]


CHECKPOINTED = {
    "agent",
    "graph",
    "graph state",
    "stopping graph",
    "resumed graph",
    "failing graph",
    "workflow",
}


def _cases(*ways: str, of: Iterable[Subject] = SUBJECTS) -> Any:
    """Each subject in these ways, or in every way there is."""
    return pytest.mark.parametrize(
        ("subject", "way"),
        [
            pytest.param(subject, way, id=f"{subject.name}-{way}")
            for subject in of
            for way in subject.ways
            if way in ways or not ways
        ],
    )


def _misplaced(subject: Subject, way: str, where: Any, redact: Any = None) -> tuple[Any, Any]:
    """What is missing from where it belongs, and what is where it does not."""
    span, event = where in ("span", "both"), where in ("event", "both") and is_supported()
    seen = pairs(sightings(observe(subject, way, capture_content=where, redact=redact)))
    wanted = pairs(expected(subject, span=span, event=event))
    return wanted - seen, seen - wanted - allowed(subject, span=span, event=event)


@_cases()
def test_without_content_nothing_gets_out(subject: Subject, way: str) -> None:
    assert {} == sightings(observe(subject, way))


@_cases(of=[subject for subject in SUBJECTS if subject.name in CHECKPOINTED])
def test_spans_of_checkpoints_let_nothing_more_out(subject: Subject, way: str) -> None:
    telemetry = observe(subject, way, checkpoints=True)
    assert any("checkpoint get" in path for path in telemetry.paths())
    assert {} == sightings(telemetry)
    more, usual = (
        observe(subject, way, checkpoints=asked, capture_content="both") for asked in (True, False)
    )
    assert pairs(sightings(usual)) == pairs(sightings(more))


@_cases()
def test_content_is_in_its_attribute_of_span_and_event_and_nowhere_else(subject: Subject, way: str) -> None:
    assert (set(), set()) == _misplaced(subject, way, "both")


@pytest.mark.parametrize("where", ["span", "event"])
@_cases("invoke", "astream")
def test_content_is_on_spans_or_events_as_asked(subject: Subject, way: str, where: str) -> None:
    assert (set(), set()) == _misplaced(subject, way, where)


@_cases("ainvoke", "stream")
def test_a_hook_that_changes_nothing_makes_no_difference(subject: Subject, way: str) -> None:
    assert (set(), set()) == _misplaced(subject, way, "both", unmasked)


@_cases()
def test_a_hook_that_hides_all_lets_nothing_out(subject: Subject, way: str) -> None:
    assert {} == sightings(observe(subject, way, capture_content="both", redact=masked))


@_cases("invoke", "astream")
def test_a_hook_that_fails_lets_nothing_out_and_costs_no_span(subject: Subject, way: str) -> None:
    telemetry = observe(subject, way, capture_content="both", redact=failing)
    assert {} == sightings(telemetry)
    assert observe(subject, way).paths() == telemetry.paths()
