"""`on_start` and `on_end`: the application sees each recorded span with its run, and adds to it."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any
from uuid import UUID

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span

import langspan
from langspan import RunInfo
from support.models import ScriptedChat, tool_call, usage
from support.recording import Recording

WAYS = ["instrument", "CallbackHandler"]


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Seen:
    """What the hooks were called with."""

    def __init__(self) -> None:
        self.started: list[RunInfo] = []
        self.ended: list[RunInfo] = []

    def on_start(self, span: Span, info: RunInfo) -> None:
        span.set_attribute("app.started", info.kind)
        self.started.append(info)

    def on_end(self, span: Span, info: RunInfo) -> None:
        span.set_attribute("app.ended", info.kind)
        self.ended.append(info)


def traced(way: str, recording: Recording, **hooks: Any) -> dict[str, Any]:
    """Trace in one of both ways; returns the config for a call."""
    if way == "instrument":
        langspan.instrument(tracer_provider=recording.provider, **hooks)
        return {}
    return {"callbacks": [langspan.CallbackHandler(recording.provider, **hooks)]}


@pytest.mark.parametrize("way", WAYS)
def test_attributes_of_ones_own_are_on_the_span(way: str, recording: Recording) -> None:
    seen = Seen()
    config = traced(way, recording, on_start=seen.on_start, on_end=seen.on_end)
    ScriptedChat().invoke("hi", config)
    (span,) = recording.spans

    assert ("chat", "chat") == (span.attributes["app.started"], span.attributes["app.ended"])


@pytest.mark.parametrize("way", WAYS)
def test_a_model_call_is_described(way: str, recording: Recording) -> None:
    seen = Seen()
    config = traced(way, recording, on_start=seen.on_start)
    run_id = UUID(int=7)
    model = ScriptedChat()
    model.invoke("hi", {**config, "run_id": run_id, "tags": ["blue"], "metadata": {"order": 7}})
    (info,) = seen.started

    assert ("chat", "ScriptedChat", run_id, None) == (info.kind, info.name, info.run_id, info.parent_run_id)
    assert ("scripted-1", ("blue",), 7) == (info.model, info.tags, info.metadata["order"])
    assert (["hi"], None, None) == ([m.content for m in info.inputs[0]], info.result, info.error)


@pytest.mark.parametrize("way", WAYS)
def test_the_end_knows_the_result(way: str, recording: Recording) -> None:
    seen = Seen()
    config = traced(way, recording, on_end=seen.on_end)
    RunnableLambda(lambda number: number + 1).invoke(1, config)
    (info,) = seen.ended

    assert (1, 2, None) == (info.inputs, info.result, info.error)


@pytest.mark.parametrize("way", WAYS)
def test_the_end_knows_the_error(way: str, recording: Recording) -> None:
    seen = Seen()
    config = traced(way, recording, on_end=seen.on_end)
    with pytest.raises(ValueError) as raised:
        ScriptedChat(fails_with=ValueError("no")).invoke("hi", config)
    (info,) = seen.ended

    assert (None, raised.value) == (info.result, info.error)


def test_every_kind_of_run_of_an_agent_is_seen_with_its_agent(recording: Recording) -> None:
    answers = [tool_call("add", a=1, b=2), AIMessage("3", usage_metadata=usage(3, 1))]
    model = ScriptedChat(answers=answers)
    seen = Seen()
    langspan.instrument(tracer_provider=recording.provider, on_start=seen.on_start)
    create_agent(model, [add], name="adder").invoke({"messages": ["1 and 2?"]})
    agents = {
        info.kind: info.agent
        for info in seen.started
        if info.kind in ("invoke_agent", "chat", "execute_tool")
    }

    assert {"invoke_agent": "adder", "chat": "adder", "execute_tool": "adder"} == agents
    assert len(recording.spans) == len(seen.started)


def test_what_a_user_is_shown_cannot_be_changed(recording: Recording) -> None:
    seen = Seen()
    langspan.instrument(tracer_provider=recording.provider, on_start=seen.on_start)
    ScriptedChat().invoke("hi")
    (info,) = seen.started

    with pytest.raises(dataclasses.FrozenInstanceError):
        info.kind = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        info.metadata["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize("hook", ["on_start", "on_end"])
@pytest.mark.parametrize("way", WAYS)
def test_a_hook_that_raises_is_logged_once_and_costs_nothing_else(
    way: str, hook: str, recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_span: Span, _info: RunInfo) -> None:
        raise KeyError("secret")

    config = traced(way, recording, **{hook: fail})
    with caplog.at_level(logging.WARNING, "langspan"):
        answers = [ScriptedChat().invoke("hi", config).content for _ in range(2)]

    assert (["chat scripted-1"] * 2, 2) == (recording.names(), len(answers))
    (line,) = [record.getMessage() for record in caplog.records]
    assert (True, False) == (f"the application's {hook} (KeyError)" in line, "secret" in line)


def test_spans_that_are_not_recorded_are_not_shown() -> None:
    recording, seen = Recording(sampler=ALWAYS_OFF), Seen()
    langspan.instrument(tracer_provider=recording.provider, on_start=seen.on_start, on_end=seen.on_end)
    ScriptedChat().invoke("hi")

    assert ([], []) == (seen.started, seen.ended)


def test_runs_without_a_span_of_their_own_are_not_shown(recording: Recording) -> None:
    seen = Seen()
    langspan.instrument(tracer_provider=recording.provider, spans="genai", on_start=seen.on_start)
    (RunnableLambda(str) | ScriptedChat()).invoke("hi")

    assert ["chain", "chat"] == [info.kind for info in seen.started]  # the root, and no step


def test_runs_that_are_ended_for_the_application_are_shown_without_result_and_error(
    recording: Recording,
) -> None:
    seen = Seen()
    langspan.instrument(tracer_provider=recording.provider, on_end=seen.on_end)
    RunnableLambda(lambda _: langspan.uninstrument()).invoke(1)
    (info,) = seen.ended

    assert (None, None) == (info.result, info.error)
