"""From `langspan.instrument()` through the real collector into the real Jaeger, and back through its API."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from support.backends import Backends
from support.sending_apps import PROTOCOLS, run_app

APP = Path(__file__).with_name("agent_app.py")


def run(backends: Backends, protocol: str, **environ: str) -> dict[str, list[dict[str, Any]]]:
    """Run the application against the collector; return its own spans by trace."""
    traces = defaultdict(list)
    for span in run_app(APP, backends.collector, protocol, **environ):
        traces[span["trace_id"]].append(span)
    return traces


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_jaeger_holds_the_tree_that_the_application_made(backends: Backends, protocol: str) -> None:
    traces = run(backends, protocol)

    assert 2 == len(traces)
    for trace_id, made in traces.items():
        held = {span.span_id: span for span in backends.jaeger.trace(trace_id, spans=len(made))}
        assert {span["span_id"] for span in made} == set(held)
        for span in made:
            seen = held[span["span_id"]]
            assert (span["name"], span["parent_id"]) == (seen.name, seen.parent_id)
            assert span["error"] == seen.attributes.get("error.type")
            tokens = {
                name: value for name, value in seen.attributes.items() if name.startswith("gen_ai.usage.")
            }
            assert span["tokens"] == tokens


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_jaeger_shows_tokens_and_the_failed_tool(backends: Backends, protocol: str) -> None:
    failed, answered = run(backends, protocol).items()

    spans = {span.name: span for span in backends.jaeger.trace(failed[0], spans=len(failed[1]))}
    assert "LookupError" == spans["execute_tool flaky"].attributes["error.type"]
    assert "forecaster" == spans["execute_tool flaky"].resource["service.name"]
    assert 8 == spans["chat scripted-1"].attributes["gen_ai.usage.cache_read.input_tokens"]

    spans = {span.name: span for span in backends.jaeger.trace(answered[0], spans=len(answered[1]))}
    assert (30, 6) == (
        spans["invoke_agent forecaster"].attributes["gen_ai.usage.input_tokens"],
        spans["invoke_agent forecaster"].attributes["gen_ai.usage.output_tokens"],
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_trace_of_six_megabytes_arrives_whole(backends_in_memory: Backends, protocol: str) -> None:
    ((trace_id, made),) = run(backends_in_memory, protocol, LARGE_SPANS="31").items()

    held = backends_in_memory.jaeger.trace(trace_id, spans=len(made))

    assert {span["span_id"] for span in made} == {span.span_id for span in held}
    assert 6_200_000 == sum(len(str(span.attributes.get("body", ""))) for span in held)
