"""The tools offered to a model, in the formats of every provider."""

from __future__ import annotations

import pytest
from langchain_core.tools import tool

from langspan.content.messages import tool_definitions as from_messages
from langspan.content.tool_definitions import tool_definitions

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@tool
def weather(city: str) -> str:
    """Return the weather."""
    return city


FORMATS = [
    pytest.param(
        {"type": "function", "function": {"name": "weather", "description": "d", "parameters": SCHEMA}},
        "parameters",
        id="OpenAI chat completions",
    ),
    pytest.param(
        {"type": "function", "name": "weather", "description": "d", "parameters": SCHEMA},
        "parameters",
        id="OpenAI responses",
    ),
    pytest.param(
        {"name": "weather", "description": "d", "input_schema": SCHEMA}, "parameters", id="Anthropic"
    ),
    pytest.param(
        {"type": "custom", "name": "weather", "description": "d", "input_schema": SCHEMA},
        "parameters",
        id="Anthropic, with a type",
    ),
    pytest.param(
        {"function_declarations": [{"name": "weather", "description": "d", "parameters": SCHEMA}]},
        "parameters",
        id="Gemini",
    ),
    pytest.param(
        {"toolSpec": {"name": "weather", "description": "d", "inputSchema": {"json": SCHEMA}}},
        "parameters",
        id="Bedrock Converse",
    ),
]


@pytest.mark.parametrize(("bound", "_schema"), FORMATS)
def test_names_only_by_default(bound, _schema):
    assert [{"type": "function", "name": "weather"}] == tool_definitions({"tools": [bound]})


@pytest.mark.parametrize(("bound", "schema"), FORMATS)
def test_descriptions_and_parameters_on_request(bound, schema):
    expected = {"type": "function", "name": "weather", "description": "d", schema: SCHEMA}
    assert [expected] == tool_definitions({"tools": [bound]}, schemas=True)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ({"type": "web_search"}, {"type": "web_search", "name": "web_search"}),
        (
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "web_search_20250305", "name": "web_search"},
        ),
        ({"google_search": {}}, {"type": "google_search", "name": "google_search"}),
        (weather, {"type": "function", "name": "weather"}),
        (test_names_only_by_default, {"type": "function", "name": "test_names_only_by_default"}),
    ],
    ids=["OpenAI built-in", "Anthropic built-in", "Gemini built-in", "unconverted tool", "function"],
)
def test_other_tools(bound, expected):
    assert [expected] == tool_definitions({"tools": [bound]})


def test_legacy_functions():
    assert [{"type": "function", "name": "f"}] == tool_definitions({"functions": [{"name": "f"}]})


def test_bedrocks_tool_config():
    params = {"toolConfig": {"tools": [{"toolSpec": {"name": "f"}}]}}
    assert [{"type": "function", "name": "f"}] == tool_definitions(params)


def test_several_in_order():
    tools = [{"name": "a"}, {"function_declarations": [{"name": "b"}, {"name": "c"}]}, {"name": "d"}]
    assert ["a", "b", "c", "d"] == [found["name"] for found in tool_definitions({"tools": tools})]


@pytest.mark.parametrize(
    "params",
    [None, {}, {"tools": None}, {"tools": "x"}, {"tools": [3, None, {}]}, {"toolConfig": 3}],
    ids=repr,
)
def test_no_tools(params):
    assert [] == tool_definitions(params)


def test_it_is_offered_with_the_messages_too():
    assert from_messages is tool_definitions
