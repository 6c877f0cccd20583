"""From `langspan.instrument()` through the real collector into the real Jaeger, and back through its API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from support.backends import Backends

APP = Path(__file__).with_name("agent_app.py")
PROTOCOLS = {"grpc": "grpc", "http": "http/protobuf"}


def run_app(backends: Backends, protocol: str, **environ: str) -> dict[str, list[dict[str, Any]]]:
    """Run the application against the collector; return its own spans by trace."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGS"))}
    endpoint = getattr(backends.collector, protocol)
    environ = {
        **clean,
        "OTEL_EXPORTER_OTLP_PROTOCOL": PROTOCOLS[protocol],
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint if "://" in endpoint else f"http://{endpoint}",
        "OTEL_SERVICE_NAME": "forecaster",
        "PYTHONPATH": str(APP.parents[1]),
        **environ,
    }
    command = [sys.executable, "-W", "error::ResourceWarning", str(APP)]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stderr
    traces = defaultdict(list)
    for span in json.loads(result.stdout):
        traces[span["trace_id"]].append(span)
    return traces


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_jaeger_holds_the_tree_that_the_application_made(backends: Backends, protocol: str) -> None:
    traces = run_app(backends, protocol)

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
    failed, answered = run_app(backends, protocol).items()

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
def test_a_trace_of_six_megabytes_arrives_whole(backends: Backends, protocol: str) -> None:
    ((trace_id, made),) = run_app(backends, protocol, LARGE_SPANS="31").items()

    held = backends.jaeger.trace(trace_id, spans=len(made))

    assert {span["span_id"] for span in made} == {span.span_id for span in held}
    assert 6_200_000 == sum(len(str(span.attributes.get("body", ""))) for span in held)
