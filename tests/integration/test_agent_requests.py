"""An agent's span says what all the requests of its own model calls have in common."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import dynamic_prompt
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from opentelemetry.sdk.trace import ReadableSpan
from pydantic import Field

from support.models import ScriptedChat
from support.recording import Recording, instrumented

INSTRUCTIONS, TOOLS = "gen_ai.system_instructions", "gen_ai.tool.definitions"
QUESTION = {"messages": [("user", "Where is it?")]}
CALL = {"name": "find_order", "args": {"order": "A-7"}, "id": "c1"}


@tool
def find_order(order: str) -> str:
    """Find an order."""
    return f"{order} is on its way"


class Chat(ScriptedChat):
    """Binds whole definitions of tools, as the classes of providers do."""

    bound: dict[str, Any] = Field(default_factory=dict)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **self.bound)


def model(**bound: Any) -> Chat:
    return Chat(bound=bound, answers=[AIMessage("", tool_calls=[CALL]), AIMessage("On its way.")])


def agents_span(recording: Recording, name: str = "desk") -> ReadableSpan:
    return recording.named(f"invoke_agent {name}")


def told(span: ReadableSpan, name: str) -> Any:
    text = (span.attributes or {}).get(name)
    return None if text is None else json.loads(str(text))


def test_an_agent_has_its_instructions_and_tools() -> None:
    recording = Recording()
    with instrumented(recording, capture_content=True):
        create_agent(model(), [find_order], name="desk", system_prompt="Be brief.").invoke(QUESTION)
    span = agents_span(recording)
    assert [{"type": "text", "content": "Be brief."}] == told(span, INSTRUCTIONS)
    assert ["find_order"] == [each["name"] for each in told(span, TOOLS)]


def test_instructions_that_change_are_not_the_agents() -> None:
    recording = Recording()

    @dynamic_prompt
    def prompt(request: Any) -> str:
        return f"Message {len(request.messages)}."

    with instrumented(recording, capture_content=True):
        create_agent(model(), [find_order], name="desk", middleware=[prompt]).invoke(QUESTION)
    span = agents_span(recording)
    assert (None, 1) == (told(span, INSTRUCTIONS), len(told(span, TOOLS)))


def test_a_nested_agents_instructions_are_its_own() -> None:
    recording = Recording()
    inner = create_agent(model(), [find_order], name="expert", system_prompt="Be precise.")

    @tool
    def ask(order: str) -> str:
        """Ask somebody who knows."""
        return str(inner.invoke(QUESTION)["messages"][-1].text)

    asking = ScriptedChat(answers=[AIMessage("", tool_calls=[{**CALL, "name": "ask"}]), AIMessage("Done.")])
    with instrumented(recording, capture_content=True):
        create_agent(asking, [ask], name="desk", system_prompt="Be brief.").invoke(QUESTION)
    assert ["Be brief.", "Be precise."] == [
        told(agents_span(recording, name), INSTRUCTIONS)[0]["content"] for name in ("desk", "expert")
    ]


def test_without_content_there_are_none() -> None:
    recording = Recording()
    with instrumented(recording):
        create_agent(model(), [find_order], name="desk", system_prompt="Be brief.").invoke(QUESTION)
    assert not {INSTRUCTIONS, TOOLS} & (agents_span(recording).attributes or {}).keys()


@pytest.mark.parametrize(("bound", "expected"), [({"seed": 7}, 7), ({}, None)], ids=["asked for", "not"])
def test_an_agent_has_the_parameters_of_its_requests(bound: dict[str, Any], expected: int | None) -> None:
    recording = Recording()
    with instrumented(recording):
        create_agent(model(**bound), [find_order], name="desk").invoke(QUESTION)
    assert expected == (agents_span(recording).attributes or {}).get("gen_ai.request.seed")
