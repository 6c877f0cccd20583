"""The explanation of an evaluation gets out where content was asked for, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

import langspan
from langspan.recording.log_events import is_supported
from privacy.judge import Sightings, sightings
from support.canary import canary, failing, masked
from support.recording import Recording, instrumented
from support.telemetry import Telemetry

SPAN = {"span: langspan.evaluation.explanation": {"explanation"}}
EVENT = {"log gen_ai.evaluation.result: gen_ai.evaluation.explanation": {"explanation"}}


def _judge() -> None:
    langspan.record_evaluation("relevance", score=1, explanation=canary("explanation"), trace_id=1, span_id=2)


def _on_event(**settings: Any) -> Sightings:
    telemetry = Telemetry()
    with telemetry.instrumented(**settings):
        _judge()
    return sightings(telemetry)


def _on_span(**settings: Any) -> Sightings:
    telemetry = Telemetry()
    with instrumented(telemetry, **settings):
        _judge()
    return sightings(telemetry)


@pytest.mark.skipif(not is_supported(), reason="events need a newer opentelemetry-api")
@pytest.mark.parametrize(("capture", "seen"), [(None, {}), ("span", {}), ("event", EVENT), ("both", EVENT)])
def test_on_an_event_it_is_there_if_content_goes_to_events(capture: Any, seen: Sightings) -> None:
    assert seen == _on_event(capture_content=capture)


@pytest.mark.parametrize(("capture", "seen"), [(None, {}), ("event", {}), ("span", SPAN), ("both", SPAN)])
def test_on_a_span_it_is_there_if_content_goes_to_spans(capture: Any, seen: Sightings) -> None:
    assert seen == _on_span(capture_content=capture)


@pytest.mark.parametrize("redact", [masked, failing])
def test_a_hook_sees_it(redact: Any) -> None:
    assert ({}, {}) == (
        _on_event(capture_content="both", redact=redact),
        _on_span(capture_content="both", redact=redact),
    )


def test_a_bad_explanation_is_not_repeated_in_the_error(recording: Recording) -> None:
    with pytest.raises(ValueError, match="bytes") as raised:
        langspan.record_evaluation("x", score=1, explanation=canary("explanation").encode())  # type: ignore[arg-type]
    assert "zqcanary" not in str(raised.value)
