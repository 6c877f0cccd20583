"""docker-compose.sampling.yml on an engine: what arrives is what its policies keep, trace by trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compose.stack import REPOSITORY, Stack, assert_no_rights_and_limits
from support.backends import wait_until
from support.sampling_policies import SETTINGS, by_id, decided, wanted
from support.sending_apps import run_app

pytest.importorskip("langgraph", reason="the application needs it: pip install langgraph langchain")

APP = REPOSITORY / "tests" / "stack" / "sampling_app.py"
WITHIN = 60.0


@pytest.fixture(scope="module")
def stack(engine: None) -> Iterator[Stack]:
    """The stack that samples, as it is shipped but for what is slow, dear and so on."""
    with Stack(REPOSITORY, SETTINGS, files=("docker-compose.yml", "docker-compose.sampling.yml")) as stack:
        stack.up()
        yield stack


def decisions(stack: Stack) -> int:
    """Ask the collector, from where its own numbers can be seen."""
    ask = ("wget", "-qO-", "http://otel-collector:18888/metrics")
    page = stack.compose("exec", "-T", "collector-ready", *ask)
    return decided(page.stdout)


def test_the_traces_that_arrive_are_those_that_the_policies_keep_and_whole(stack: Stack) -> None:
    before = decisions(stack)
    made = by_id(run_app(APP, stack.collector, TIMES="10"))
    wait_until(
        lambda: decisions(stack) - before >= len(made),
        WITHIN,
        lambda: f"{decisions(stack) - before} are decided on",
    )
    expected = wanted(made)
    for trace_id, spans in expected.items():
        stack.jaeger.trace(trace_id, spans=len(spans), within=WITHIN)

    arrived = {trace_id: stack.jaeger.stored(trace_id) for trace_id in made}

    assert len(made) / 3 < len(expected) < len(made)
    assert expected == {trace_id: spans for trace_id, spans in arrived.items() if spans}


def test_the_collector_that_samples_has_no_rights_and_more_memory(stack: Stack) -> None:
    told = stack.services()["otel-collector"]
    assert_no_rights_and_limits(told)
    assert 2 * 1024**3 == told["HostConfig"]["Memory"]
