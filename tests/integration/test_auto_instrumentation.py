"""`opentelemetry-instrument` and an unchanged script: the same traces as with `langspan.instrument()`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.interpreters import environment, run
from support.otlp import receive
from support.otlp_data import Span
from support.unchanged_app import TREE

APP = [sys.executable, "-m", "support.unchanged_app"]
CALL = """
import langspan, runpy
langspan.instrument()
runpy.run_module("support.unchanged_app", run_name="__main__")
"""
APP_WITH_A_CALL = [sys.executable, "-c", CALL]
ANSWER = "four\none two"


def _automatic() -> str:
    """The command that goes before the application's own."""
    script = Path(sys.executable).with_name("opentelemetry-instrument")
    if not script.exists():
        pytest.skip("opentelemetry-instrument is missing: pip install opentelemetry-instrumentation")
    return str(script)


def _run(command: list[str], **variables: str) -> tuple[str, list[Span]]:
    """What the application printed, and what a collector got from it."""
    with receive() as server:
        output = run(
            command,
            environment(
                OTEL_TRACES_EXPORTER="otlp",
                OTEL_METRICS_EXPORTER="none",
                OTEL_LOGS_EXPORTER="none",
                OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint,
                OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                OTEL_SERVICE_NAME="shop-service",
                **variables,
            ),
        )
        # Other instrumentations that are installed may add spans of theirs.
        return output, [span for span in server.received.spans if span.scope.name == "langspan"]


@pytest.fixture(scope="module")
def automatic() -> tuple[str, list[Span]]:
    return _run([_automatic(), *APP])


@pytest.fixture(scope="module")
def called() -> tuple[str, list[Span]]:
    return _run(APP_WITH_A_CALL)


def _paths(spans: list[Span]) -> list[str]:
    by_id = {span.span_id: span for span in spans}

    def path(span: Span) -> str:
        return span.name if span.parent_id is None else f"{path(by_id[span.parent_id])}/{span.name}"

    return sorted(path(span) for span in spans)


def _facts(spans: list[Span]) -> list[tuple[str, ...]]:
    """What does not differ from one run to the next."""
    return sorted(
        (span.name, span.kind, span.status, str(span.resource["service.name"]), *sorted(span.attributes))
        for span in spans
    )


def test_an_unchanged_script_gives_the_whole_tree(automatic: tuple[str, list[Span]]) -> None:
    output, spans = automatic

    assert (ANSWER, sorted(TREE)) == (output, _paths(spans))


def test_it_is_the_same_tree_as_with_a_call(
    automatic: tuple[str, list[Span]], called: tuple[str, list[Span]]
) -> None:
    assert _paths(called[1]) == _paths(automatic[1])


def test_spans_say_the_same_as_with_a_call(
    automatic: tuple[str, list[Span]], called: tuple[str, list[Span]]
) -> None:
    assert _facts(called[1]) == _facts(automatic[1])


def test_a_script_that_calls_instrument_as_well_makes_one_span_per_run() -> None:
    _, spans = _run([_automatic(), *APP_WITH_A_CALL])

    assert sorted(TREE) == _paths(spans)


def test_instrumentation_can_be_left_out_by_name() -> None:
    assert (ANSWER, []) == _run([_automatic(), *APP], OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="langspan")


@pytest.mark.parametrize("how", ["automatic", "called"])
def test_a_disabled_sdk_gives_no_span(how: str) -> None:
    command = [_automatic(), *APP] if how == "automatic" else APP_WITH_A_CALL

    assert (ANSWER, []) == _run(command, OTEL_SDK_DISABLED="true")
