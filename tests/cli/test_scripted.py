"""The demo's model is a chat model like any other, and says the same every time."""

from __future__ import annotations

import itertools

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langspan.cli.scripted import ScriptedChatModel


@tool
def find_order(order_id: str) -> str:
    """Find an order."""
    return order_id


QUESTION = HumanMessage("Where is my order?")
FOUND = [
    QUESTION,
    AIMessage("", tool_calls=[{"name": "find_order", "args": {"order_id": "1"}, "id": "c1"}]),
    ToolMessage("here", tool_call_id="c1", name="find_order"),
]
TRACKED = [*FOUND, ToolMessage("there", tool_call_id="c2", name="track_parcel")]


@pytest.fixture
def model():
    return ScriptedChatModel()


@pytest.fixture
def agent_model(model):
    return model.bind_tools([find_order])


@pytest.mark.parametrize(
    ("messages", "calls"),
    [
        pytest.param([QUESTION], ["find_order"], id="question"),
        pytest.param(FOUND, ["track_parcel", "return_date"], id="order found"),
        pytest.param(TRACKED, [], id="parcel tracked"),
    ],
)
def test_tools_are_called_in_turn(agent_model, messages, calls):
    assert calls == [call["name"] for call in agent_model.invoke(messages).tool_calls]


def test_without_tools_it_answers(model):
    assert "20 December" in model.invoke([QUESTION]).text


@pytest.mark.parametrize("messages", [[QUESTION], FOUND, TRACKED], ids=["question", "found", "tracked"])
def test_a_stream_adds_up_to_the_same_message_as_a_call(agent_model, messages):
    called = agent_model.invoke(messages)
    *_, streamed = itertools.accumulate(agent_model.stream(messages))
    fields = ("content", "tool_calls", "usage_metadata", "response_metadata")
    assert [getattr(called, field) for field in fields] == [getattr(streamed, field) for field in fields]


async def test_it_streams_asynchronously_too(model):
    chunks = [chunk.text async for chunk in model.astream([QUESTION])]
    assert model.invoke([QUESTION]).text == "".join(chunks)


def test_usage_counts_what_an_earlier_call_has_sent_as_cached(agent_model):
    first, second = agent_model.invoke([QUESTION]).usage_metadata, agent_model.invoke(FOUND).usage_metadata
    assert first["input_tokens"] == second["input_token_details"]["cache_read"]
    assert second["input_tokens"] > first["input_tokens"]


def test_usage_adds_up(agent_model):
    usage = agent_model.invoke(FOUND).usage_metadata
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] > usage["output_token_details"]["reasoning"]


def test_an_answer_without_thought_or_cache_reports_neither(model):
    usage = model.invoke([QUESTION]).usage_metadata
    assert {"input_tokens", "output_tokens", "total_tokens"} == set(usage)


@pytest.mark.parametrize(("messages", "reason"), [([QUESTION], "tool_calls"), (TRACKED, "stop")])
def test_the_answering_model_and_the_reason_to_finish_are_told(agent_model, messages, reason):
    expected = {"model_name": "scripted-1-2026-11-01", "finish_reason": reason}
    assert expected == agent_model.invoke(messages).response_metadata
