"""Agents that call a tool once and then answer, and their trees, whatever the version of LangChain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from opentelemetry.sdk.trace import ReadableSpan

from support.drawing import drawn
from support.models import StreamingChat, tool_call
from support.probe import Probe

ASK: Any = {"messages": [("user", "2 + 2?")]}
CONFIG: Any = {"configurable": {"thread_id": "1"}}

_EDGES = frozenset({"model_to_tools", "tools_to_model", "model_to_model"})
_ANSWERS = (tool_call("double", number=2), "four")


def agent(probe: Probe, *tools: Any, answers: Any = _ANSWERS, model: Any = None, **options: Any) -> Any:
    """An agent named "math"; unless told otherwise it calls the tool "double"."""
    model = model or StreamingChat(body=probe, answers=answers)
    return create_agent(model, list(tools), name="math", **options)


def is_edge(path: str) -> bool:
    """Whether a span is of a function behind an agent's edges, which only older versions show as runs."""
    return path.rpartition("/")[2] in _EDGES


def drawn_agents(spans: Sequence[ReadableSpan]) -> str:
    """Trees of agents as newer versions leave them."""
    return drawn([span for span in spans if not is_edge(span.name)])
