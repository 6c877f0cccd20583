"""`uninstrument()` in the middle of runs: they end once and incomplete, and the application goes on."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import langspan
from langspan._instrumentor import _configure_hook
from langspan.langchain.configure_hook import ConfigureHook
from support.models import ScriptedChat, StreamingChat, usage
from support.recording import Recording, current_span_id, instrumented


def _ends(recording: Recording) -> list[tuple[str, Any]]:
    return [(span.name, (span.attributes or {}).get("langspan.outcome")) for span in recording.spans]


@tool
def stop() -> str:
    """Stop tracing."""
    langspan.uninstrument()
    return "stopped"


def _stopping() -> Any:
    """A graph that stops tracing in a tool, then asks a model."""

    def ask(state: MessagesState) -> Any:
        stop.invoke({})
        return {"messages": [ScriptedChat(answers=("done",)).invoke(state["messages"])]}

    async def aask(state: MessagesState) -> Any:
        await stop.ainvoke({})
        return {"messages": [await ScriptedChat(answers=("done",)).ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", RunnableLambda(ask, aask, name="step"))
    graph.add_edge(START, "work")
    return graph.compile(name="flow")


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_open_runs_end_once_and_incomplete(recording: Recording, mode: str) -> None:
    with instrumented(recording):
        inputs = {"messages": [("user", "go")]}
        result = await _stopping().ainvoke(inputs) if mode == "ainvoke" else _stopping().invoke(inputs)

    assert "done" == result["messages"][-1].content
    assert {
        ("invoke_workflow flow", "incomplete"),
        ("node work", "incomplete"),
        ("step", "incomplete"),
        ("execute_tool stop", "incomplete"),
    } == set(_ends(recording))


def test_children_of_open_runs_end_before_them(recording: Recording) -> None:
    with instrumented(recording):
        _stopping().invoke({"messages": [("user", "go")]})

    assert ["execute_tool stop", "step", "node work", "invoke_workflow flow"] == [
        span.name for span in recording.exporter.get_finished_spans()
    ]


def test_a_stream_goes_on_undisturbed(recording: Recording) -> None:
    model = StreamingChat(answers=(AIMessage("a b c", usage_metadata=usage(1, 2)),))
    with instrumented(recording):
        stream = model.stream("hi")
        first = next(stream).text
    rest = [chunk.text for chunk in stream]

    assert "a b c" == first + "".join(rest)
    assert [("chat scripted-1", "incomplete")] == _ends(recording)


async def test_an_asynchronous_stream_goes_on_undisturbed(recording: Recording) -> None:
    with instrumented(recording):
        stream = StreamingChat(answers=("a b c",)).astream("hi")
        first = (await anext(stream)).text
    rest = [chunk.text async for chunk in stream]

    assert "a b c" == first + "".join(rest)
    assert [("chat scripted-1", "incomplete")] == _ends(recording)


def test_a_late_end_event_changes_nothing(recording: Recording) -> None:
    with instrumented(recording):
        (run,) = CallbackManager.configure().on_chat_model_start({"name": "M"}, [[]], invocation_params={})
    before = recording.named("chat").to_json()
    run.on_llm_new_token("late")
    run.on_llm_end(LLMResult(generations=[]))
    run.on_llm_error(ValueError("later"))

    assert [before] == [span.to_json() for span in recording.exporter.get_finished_spans()]


def test_a_consumer_has_no_span_of_ours_current_afterwards(recording: Recording) -> None:
    with instrumented(recording):
        stream = StreamingChat(answers=("a b c",)).stream("hi")
        next(stream)
    seen = {current_span_id() for _ in stream}

    assert {0} == seen


class Balance(SpanProcessor):
    """Counts starts and ends of each span."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.ended: list[int] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started.append(span.context.span_id)

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span.context.span_id)


def test_runs_in_other_threads_are_ended_once_each_while_they_go_on(recording: Recording) -> None:
    balance = Balance()
    recording.provider.add_span_processor(balance)
    stop, failures = threading.Event(), []

    def work() -> None:
        chain = RunnableLambda(str) | ScriptedChat() | RunnableLambda(str)
        while not stop.is_set():
            try:
                chain.invoke("hi")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    langspan.instrument(tracer_provider=recording.provider)
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            langspan.instrument(tracer_provider=recording.provider)
            ScriptedChat().invoke("hi")
            langspan.uninstrument()
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert ([], sorted(balance.started)) == (failures, sorted(balance.ended))


def test_tracing_may_stop_between_two_looks_of_langchain_at_the_handler(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """LangChain asks whether there is a handler, and then for it."""
    with instrumented(recording):
        answers = iter([_configure_hook.handler, None])
        monkeypatch.setattr(ConfigureHook, "get", lambda _configure_hook: next(answers, None))
        assert "hello" == ScriptedChat(answers=("hello",)).invoke("hi").text

    assert None is next(answers, None)
    assert ([], []) == (recording.spans, caplog.records)
