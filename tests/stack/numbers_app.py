"""An application with everything that the dashboards show, round after round. Run as a script by the tests.

It prints a line after each round. One holds an agent with a tool that fails now and then, a stream, a
workflow that searches and waits for its user, a call that fails, and budgets that are exceeded.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
from typing import Any, TypedDict

from langchain.agents import create_agent
from langchain_core.embeddings import FakeEmbeddings
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

import langspan
from support.models import ScriptedChat, ScriptedRetriever, StreamingChat, tool_call, usage

PAUSE = float(os.environ.get("PAUSE", "0.2"))
"""Seconds between two rounds."""
PRICE = langspan.Price(input=2000.0, output=10_000.0)
"""Dear enough for the alert on cost: seven dollars a call."""
MODEL = "house-model"


@tool
def weather(city: str) -> str:
    """Look up the weather."""
    if city == "Nowhere":
        raise LookupError(city)
    return f"rain in {city}"


def counted(message: AIMessage) -> AIMessage:
    """Have the provider report tokens of every sort."""
    message.usage_metadata = usage(  # type: ignore[assignment]
        2000, 300, input_token_details={"cache_read": 800}, output_token_details={"reasoning": 100}
    )
    message.response_metadata = {"model_name": MODEL, "finish_reason": "stop"}
    return message


def chat(**given: Any) -> ScriptedChat:
    return ScriptedChat(model_name=MODEL, **given)


def forecaster() -> Any:
    calls = [tool_call("weather", f"c{number}", city=city) for number, city in enumerate(("Oslo", "Nowhere"))]
    answers = [counted(message) for message in (calls[0], AIMessage("rain"), calls[1], AIMessage("none"))]
    return create_agent(chat(answers=answers), [weather], name="forecaster")


class State(TypedDict, total=False):
    seen: list[str]


def look(_state: State) -> State:
    ScriptedRetriever().invoke("rules")
    return {"seen": ["rules"]}


def ask(_state: State) -> State:
    return {"seen": [interrupt("Sure?")]}


def desk() -> Any:
    graph: Any = StateGraph(State)
    graph.add_sequence([look, ask])
    graph.add_edge(START, "look")
    return graph.compile(checkpointer=InMemorySaver(), name="desk")


def rounds() -> Any:
    """Return a function for one round."""
    agent, workflow, number = forecaster(), desk(), itertools.count()
    streaming = StreamingChat(model_name=MODEL, answers=[counted(AIMessage("It will rain"))])
    failing = chat(fails_with=TimeoutError("too slow"))

    def once() -> None:
        with contextlib.suppress(LookupError):
            agent.invoke({"messages": [("user", "Weather?")]})
        list(streaming.stream("Weather?"))
        workflow.invoke({"seen": []}, {"configurable": {"thread_id": str(next(number))}})
        FakeEmbeddings(size=2).embed_query("rain")
        with contextlib.suppress(TimeoutError):
            failing.invoke("Weather?")

    return once


def main() -> None:
    handle = langspan.instrument(prices={MODEL: PRICE}, budgets=[langspan.Budget(usd=1)])
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    once = rounds()
    while not closed.wait(PAUSE):
        once()
        print("round", flush=True)  # noqa: T201 - read by the test
    handle.flush(20)
    print("{}")  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
