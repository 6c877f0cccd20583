"""The graphs that a real LangGraph server runs in tests. They know nothing of tracing."""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt


class State(TypedDict, total=False):
    text: str


def _answer(state: State) -> State:
    return {"text": f"{state['text']}!"}


def _ask(_state: State) -> State:
    return {"text": interrupt("Really?")}


def _fail(_state: State) -> State:
    raise ValueError("no such order")


def _graph(name: str, node: Any) -> Any:
    return StateGraph(State).add_node("work", node).add_edge(START, "work").compile(name=name)


def _report(_state: MessagesState) -> Any:
    return {"messages": [("assistant", "four")]}


shop = _graph("shop", _answer)
asking = _graph("asking", _ask)
failing = _graph("failing", _fail)
_helper: Any = StateGraph(MessagesState)
helper = _helper.add_node("work", _report).add_edge(START, "work").compile(name="helper")
