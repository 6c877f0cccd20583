"""What `langspan.context` gives gets out where it was asked for, and nowhere else."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
from opentelemetry import context as otel
from opentelemetry import propagate

import langspan
from privacy.judge import Sightings, sightings
from support.canary import canary, failing, masked
from support.small_graph import graph
from support.telemetry import Telemetry

KEY = "span: langchain.metadata.note"
IDS = {"conversation_id": canary("conversation"), "user_id": canary("user"), "session_id": canary("session")}


def _seen(given: dict[str, Any], **settings: Any) -> Sightings:
    telemetry = Telemetry()
    with telemetry.instrumented(**settings), langspan.context(**given):
        graph().invoke({"text": "hi"})
    return sightings(telemetry)


@pytest.mark.parametrize("baggage", [False, True])
def test_metadata_is_content(*, baggage: bool) -> None:
    given = {"metadata": {"note": canary("metadata")}, "baggage": baggage}
    assert {} == _seen(given)
    assert {KEY: {"metadata"}} == _seen(given, capture_content=True)


def test_metadata_that_the_settings_name_is_recorded_and_no_other() -> None:
    given = {"metadata": {"note": canary("note"), "other": canary("other")}}
    assert {KEY: {"note"}} == _seen(given, metadata_keys=["note"])


@pytest.mark.parametrize("redact", [masked, failing])
def test_a_hook_sees_ids_tags_and_metadata(redact: Any) -> None:
    given = {**IDS, "tags": [canary("tag")], "metadata": {"note": canary("note")}}
    assert {} == _seen(given, redact=redact, capture_content=True)


def test_ids_and_tags_are_in_their_attributes_and_nowhere_else() -> None:
    places = {place for place, fields in _seen({**IDS, "tags": [canary("tag")]}).items() if fields}
    names = ("gen_ai.conversation.id", "langspan.conversation.id", "user.id", "session.id", "langchain.tags")
    assert {f"span: {name}" for name in names} >= places


def test_nothing_goes_to_other_processes_unless_asked() -> None:
    headers: dict[str, str] = {}
    with langspan.context(**IDS, tags=[canary("tag")], metadata={"note": canary("note")}):
        propagate.inject(headers)
    assert {} == headers


def test_metadata_that_arrives_as_baggage_is_content() -> None:
    headers: dict[str, str] = {}
    with langspan.context(metadata={"note": canary("note")}, baggage=True):
        propagate.inject(headers)
    assert canary("note") in headers["baggage"]
    telemetry = Telemetry()
    with telemetry.instrumented(read_baggage=True):
        _handle(headers)
    assert {} == sightings(telemetry)


def _handle(headers: dict[str, str]) -> None:
    """Run a graph as a server does that was sent these headers."""
    server = contextvars.copy_context()
    server.run(otel.attach, propagate.extract(headers, otel.Context()))
    server.run(graph().invoke, {"text": "hi"})


def test_a_bad_argument_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValueError, match="bytes") as raised:
        langspan.context(user_id=canary("user").encode())
    assert "zqcanary" not in str(raised.value)
