"""Retries and fallbacks: each failed attempt is an error of its own, the whole is none."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy
from opentelemetry.trace import StatusCode

from support.graphs import START_STATE, State, node
from support.models import ScriptedChat
from support.probe import Probe
from support.recording import Recording
from support.steps import failing

ATTEMPT = "langspan.retry.attempt"


def attempts(recording: Recording) -> list[tuple[Any, StatusCode]]:
    """Number and status of each attempt, in order."""
    children = [span for span in recording.spans if span.parent is not None and span.name != "http"]
    return [((span.attributes or {}).get(ATTEMPT), span.status.status_code) for span in children]


def test_retries_are_numbered_children_and_the_whole_is_no_error(traced: Recording) -> None:
    flaky = RunnableLambda(Probe(traced).step("flaky", failing(2)))
    flaky.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke(1)

    assert [(None, StatusCode.ERROR), (2, StatusCode.ERROR), (3, StatusCode.UNSET)] == attempts(traced)
    assert StatusCode.UNSET == traced.spans[0].status.status_code


async def test_retries_are_numbered_children_and_the_whole_is_no_error_async(traced: Recording) -> None:
    flaky = RunnableLambda(Probe(traced).astep("flaky", failing(2)))
    await flaky.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).ainvoke(1)

    assert [(None, StatusCode.ERROR), (2, StatusCode.ERROR), (3, StatusCode.UNSET)] == attempts(traced)
    assert StatusCode.UNSET == traced.spans[0].status.status_code


def test_when_all_attempts_fail_the_whole_is_an_error(traced: Recording) -> None:
    flaky = RunnableLambda(Probe(traced).step("flaky", failing(9)))
    with pytest.raises(ValueError, match="no"):
        flaky.with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke(1)

    assert StatusCode.ERROR == traced.spans[0].status.status_code


def test_a_model_that_stands_in_leaves_no_error_on_the_whole(traced: Recording) -> None:
    broken = ScriptedChat(fails_with=ValueError("no"), model_name="broken")
    broken.with_fallbacks([ScriptedChat()]).invoke("hi")

    assert StatusCode.ERROR == traced.named("chat broken").status.status_code
    assert StatusCode.UNSET == traced.named("chat scripted-1").status.status_code
    assert StatusCode.UNSET == traced.named("RunnableWithFallbacks").status.status_code


def test_a_node_that_is_tried_again_leaves_no_error_on_the_graph(traced: Recording) -> None:
    policy = RetryPolicy(initial_interval=0, jitter=False, retry_on=ValueError)
    graph = StateGraph(State)
    graph.add_node(node(Probe(traced), "flaky", failing(1)), retry_policy=policy)
    graph.add_edge(START, "flaky")
    graph.compile(name="flow").invoke(START_STATE)

    assert [StatusCode.ERROR, StatusCode.UNSET] == [status for _, status in attempts(traced)]
    assert StatusCode.UNSET == traced.named("invoke_workflow flow").status.status_code
