"""Jaeger's GenAI tab: an agent run with content on has every attribute that it reads, in the shape it parses.

The tab parses a JSON text (or a list) of messages with `role` and `parts`; it knows the part types below.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.backends import Backends
from support.otlp_data import Span
from support.sending_apps import run_app

APP = Path(__file__).with_name("genai_app.py")
MODEL_READS = {
    "gen_ai.provider.name": "scripted",
    "gen_ai.request.model": "scripted-1",
    "gen_ai.response.model": "scripted-1-2026",
    "gen_ai.usage.input_tokens": 20,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 8,
    "gen_ai.usage.cache_creation.input_tokens": 4,
    "gen_ai.usage.reasoning.output_tokens": 3,
}
# Which icon a span gets, and whether its trace opens in the GenAI view.
OPERATIONS = {"invoke_agent forecaster", "chat scripted-1", "execute_tool weather"}
PARTS = {"text": "content", "reasoning": "content", "tool_call": "name", "tool_call_response": "response"}


@pytest.fixture(scope="module")
def held(backends: Backends) -> list[Span]:
    """The trace of one run of the application, as Jaeger gives it."""
    made = run_app(APP, backends.collector)
    return backends.jaeger.trace(made["trace_id"], spans=made["spans"])


def named(held: list[Span], name: str) -> list[dict[str, Any]]:
    return [span.attributes for span in held if span.name == name]


def messages(attributes: dict[str, Any], name: str) -> list[tuple[str, str, Any]]:
    """Role, part type and the field that the tab shows, of each part; in order."""
    return [
        (message["role"], part["type"], part[PARTS[part["type"]]])
        for message in json.loads(attributes[name])
        for part in message["parts"]
    ]


def test_the_kind_of_each_span_is_told(held: list[Span]) -> None:
    kinds = {span.name: span.attributes.get("gen_ai.operation.name") for span in held}
    assert {name: name.split()[0] for name in OPERATIONS}.items() <= kinds.items()


def test_model_provider_and_tokens_are_read(held: list[Span]) -> None:
    first, _ = named(held, "chat scripted-1")
    assert {name: first.get(name) for name in MODEL_READS} == MODEL_READS


def test_messages_to_the_model_are_read(held: list[Span]) -> None:
    _, second = named(held, "chat scripted-1")
    assert messages(second, "gen_ai.input.messages") == [
        ("user", "text", "Weather in Tromsø?"),
        ("assistant", "tool_call", "weather"),
        ("tool", "tool_call_response", "rain in Tromsø"),
    ]


def test_answers_of_the_model_are_read(held: list[Span]) -> None:
    first, second = named(held, "chat scripted-1")
    assert messages(first, "gen_ai.output.messages") == [("assistant", "tool_call", "weather")]
    assert messages(second, "gen_ai.output.messages") == [
        ("assistant", "reasoning", "It is wet."),
        ("assistant", "text", "Regen ☔"),
    ]


def test_system_instructions_are_read(held: list[Span]) -> None:
    first, _ = named(held, "chat scripted-1")
    assert [{"type": "text", "content": "Be brief."}] == json.loads(first["gen_ai.system_instructions"])


def test_a_call_of_a_tool_is_read(held: list[Span]) -> None:
    (tool,) = named(held, "execute_tool weather")
    assert ("c1", "weather") == (tool["gen_ai.tool.call.id"], tool["gen_ai.tool.name"])
    assert {"city": "Tromsø"} == json.loads(tool["gen_ai.tool.call.arguments"])
    assert "rain in Tromsø" in tool["gen_ai.tool.call.result"]


def test_the_agent_tells_its_sums_and_its_conversation(held: list[Span]) -> None:
    (agent,) = named(held, "invoke_agent forecaster")
    assert (50, 11) == (agent["gen_ai.usage.input_tokens"], agent["gen_ai.usage.output_tokens"])
    assert ("user", "text", "Weather in Tromsø?") == messages(agent, "gen_ai.input.messages")[0]
    assert ("assistant", "text", "Regen ☔") == messages(agent, "gen_ai.output.messages")[-1]
