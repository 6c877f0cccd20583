"""A mix of traces as tail sampling has to tell them apart. Run as a script by the tests.

It prints its finished spans as JSON: what is needed to say of each trace whether it has to be kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from typing import Any, TypedDict

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import langspan
from support.models import ScriptedChat, StreamingChat, tool_call, usage

TIMES = int(os.environ.get("TIMES", "20"))
"""How often each kind of trace is made, and five times as often the plain one."""
SLOW = 0.4
"""Seconds: longer than what the test calls slow."""
MODEL, DEAR = "house-model", "dear-model"
PRICES = {MODEL: langspan.Price(input=1, output=1), DEAR: langspan.Price(input=10_000, output=10_000)}


def answer(text: str, read: int = 20, written: int = 5, model: str = MODEL) -> AIMessage:
    counted: Any = usage(read, written)
    return AIMessage(text, usage_metadata=counted, response_metadata={"model_name": model})


def chat(*answers: Any, **given: Any) -> ScriptedChat:
    return ScriptedChat(model_name=MODEL, answers=answers or (answer("yes"),), **given)


@tool
def flaky(city: str) -> str:
    """Look up the weather."""
    raise ToolException(city)


def plain() -> None:
    (RunnableLambda(str.strip) | chat()).invoke(" Weather? ")


def fails() -> None:
    with contextlib.suppress(ValueError):
        chat(fails_with=ValueError("no")).invoke("Weather?")


def fails_inside() -> None:
    """The tool fails, the agent goes on and answers."""
    flaky.handle_tool_error = True
    steps = chat(tool_call("flaky", "c1", city="Nowhere"), answer("nobody knows"))
    create_agent(steps, [flaky], name="forecaster").invoke({"messages": [("user", "Weather?")]})


class State(TypedDict, total=False):
    said: str


def ask(_state: State) -> State:
    return {"said": interrupt("Sure?")}


def waits_for_its_user() -> None:
    """Two traces: the one that stops, which is kept, and the one that goes on, which is like any other."""
    graph: Any = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    desk = graph.compile(checkpointer=InMemorySaver(), name="desk")
    config: Any = {"configurable": {"thread_id": "t"}}
    desk.invoke({"said": ""}, config)
    desk.invoke(Command(resume="yes"), config)


def closes_early() -> None:
    """Somebody who stops reading is nothing special."""
    stream = StreamingChat(model_name=MODEL, answers=("one two three",)).stream("Count!")
    next(stream)
    stream.close()  # type: ignore[attr-defined]


def takes_long() -> None:
    RunnableLambda(lambda text: threading.Event().wait(SLOW) or text, name="slow").invoke("x")


def reads_much() -> None:
    """No call is large; the run is."""
    calls = chat(answer("a", 3000, 10), answer("b", 3000, 10))
    RunnableLambda(lambda text: [calls.invoke(text), calls.invoke(text)], name="long").invoke("x")


def costs_much() -> None:
    ScriptedChat(model_name=DEAR, answers=(answer("yes", 100, 100, DEAR),)).invoke("x")


def is_judged() -> None:
    def judged(text: str) -> str:
        langspan.record_evaluation("brevity", score=1.0)
        return text

    RunnableLambda(judged, name="judged").invoke("x")


def is_judged_afterwards() -> None:
    """By somebody who is quick."""
    ids: list[Any] = []
    RunnableLambda(lambda text: ids.append(langspan.current_run()) or text, name="answered").invoke("x")
    langspan.record_evaluation("feedback", label="up", trace_id=ids[0].trace_id, span_id=ids[0].span_id)


KINDS = (
    fails,
    fails_inside,
    waits_for_its_user,
    closes_early,
    takes_long,
    reads_much,
    costs_much,
    is_judged,
    is_judged_afterwards,
    *(plain,) * 5,
)


def described(span: ReadableSpan) -> dict[str, Any]:
    return {
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "is_error": span.status.status_code is StatusCode.ERROR,
        "start": span.start_time,
        "end": span.end_time,
        "attributes": dict(span.attributes or {}),
    }


def main() -> None:
    handle = langspan.instrument(prices=PRICES)
    ended = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ended))  # type: ignore[attr-defined]
    for _ in range(TIMES):
        for make in KINDS:
            make()
    assert handle.flush(20)
    made = [described(span) for span in ended.get_finished_spans()]
    print(json.dumps(made, default=list))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
