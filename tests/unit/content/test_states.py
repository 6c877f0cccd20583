"""The conversation in a graph's state, in every form that LangChain accepts."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langspan.content.messages import message_fields
from langspan.content.states import messages_after_last_human, state_messages

HI = {"role": "user", "parts": [{"type": "text", "content": "hi"}]}
YES = {"role": "assistant", "parts": [{"type": "text", "content": "yes"}]}
WAYS = [
    pytest.param("hi", [HI], id="a text"),
    pytest.param(HumanMessage("hi"), [HI], id="a message"),
    pytest.param(("user", "hi"), [HI], id="a pair"),
    pytest.param({"role": "user", "content": "hi"}, [HI], id="a dictionary with a role"),
    pytest.param(["hi"], [HI], id="texts"),
    pytest.param([HumanMessage("hi"), AIMessage("yes")], [HI, YES], id="messages"),
    pytest.param([("human", "hi"), ("ai", "yes")], [HI, YES], id="pairs"),
    pytest.param([["user", "hi"]], [HI], id="pairs as lists"),
    pytest.param([{"type": "human", "content": "hi"}, AIMessage("yes")], [HI, YES], id="a mixture"),
]
NO_MESSAGES = [
    pytest.param(None, id="nothing"),
    pytest.param([], id="no message"),
    pytest.param([1, 2], id="numbers"),
    pytest.param([{"text": "hi"}], id="dictionaries of another kind"),
    pytest.param([("robot", "hi")], id="an unknown role"),
    pytest.param([("user", "hi", "there")], id="three of a pair"),
    pytest.param([{"role": "user", "content": object()}], id="no content"),
    pytest.param([{"role": [], "content": "hi"}], id="a role that is none"),
]


@pytest.mark.parametrize(("value", "expected"), WAYS)
def test_messages_are_read_as_langchain_reads_them(value, expected):
    assert expected == [message_fields(message) for message in state_messages(value)]


@pytest.mark.parametrize("value", NO_MESSAGES)
def test_a_value_that_is_not_a_message_is_not_converted(value):
    assert state_messages(value) is None


def test_the_callers_list_is_not_changed():
    call = {"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    value = [{"role": "assistant", "content": "yes", "tool_calls": [call]}]
    (message,) = state_messages(value)
    assert ["f"] == [made["name"] for made in message.tool_calls]
    assert [{"role": "assistant", "content": "yes", "tool_calls": [call]}] == value


QUESTIONS = [HumanMessage("hi"), AIMessage("yes"), HumanMessage("and?")]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        pytest.param([*QUESTIONS, AIMessage("no")], [AIMessage("no")], id="after the latest question"),
        pytest.param(QUESTIONS, QUESTIONS[-1:], id="unanswered"),
        pytest.param([AIMessage("yes")], [AIMessage("yes")], id="no question"),
        pytest.param(
            [*QUESTIONS, ToolMessage("1", tool_call_id="c")],
            [ToolMessage("1", tool_call_id="c")],
            id="a tool",
        ),
    ],
)
def test_the_messages_that_an_agent_added(messages, expected):
    assert expected == messages_after_last_human(messages)
