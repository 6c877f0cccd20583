"""A graph of one node. Importing this imports LangGraph."""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import START, StateGraph


class State(TypedDict):
    text: str


def graph() -> Any:
    """A compiled graph named "flow" with one node named "answer"."""
    builder = StateGraph(State)
    builder.add_node("answer", lambda state: {"text": state["text"].upper()})
    builder.add_edge(START, "answer")
    return builder.compile(name="flow")
