"""Tool runs."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.types import Command

from langspan.kinds.tools import tool_arguments, tool_error, tool_result, tool_start


def test_tool_start():
    found = tool_start(
        {"name": "search", "description": "Looks things up."},
        {"lc_agent_name": "helper", "thread_id": "t"},
        tool_call_id="call_1",
    )
    assert {
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Looks things up.",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.agent.name": "helper",
    } == found


def test_unknown_values_are_omitted():
    assert {"gen_ai.tool.type": "function"} == tool_start(None, None)


def test_malformed_fields_are_left_out():
    found = tool_start({"name": 3, "description": ["x"]}, {"lc_agent_name": 1}, tool_call_id={})
    assert {"gen_ai.tool.type": "function"} == found


def test_the_enclosing_agent_takes_precedence_over_the_metadata():
    assert "outer" == tool_start(None, {"lc_agent_name": "inner"}, agent="outer")["gen_ai.agent.name"]


def test_a_long_description_is_cut():
    assert 1024 == len(tool_start({"description": "x" * 5000}, None)["gen_ai.tool.description"])


def test_arguments_are_the_inputs_by_name():
    assert {"q": 1} == tool_arguments("{'q': 1}", {"q": 1})


def test_arguments_given_as_json_text_become_an_object():
    assert {"q": [1, 2]} == tool_arguments('{"q": [1, 2]}', None)


def test_arguments_that_only_look_like_json_stay_text():
    assert "{'q': 1}" == tool_arguments("{'q': 1}", None)


def test_deeply_nested_json_text_stays_text():
    text = "[" * 100_000
    assert text is tool_arguments(text, None)


def test_json_text_that_will_be_cut_stays_text():
    text = '{"q": "' + "x" * 100 + '"}'
    assert ({"q": "x" * 100}, text) == (tool_arguments(text, None, 109), tool_arguments(text, None, 108))


def test_the_result_of_a_tool_message_is_its_content():
    assert "rain" == tool_result(ToolMessage("rain", tool_call_id="c"))


def test_any_other_result_is_itself():
    command = Command(update={"x": 1})
    assert command is tool_result(command)


def test_a_tool_message_may_report_an_error():
    assert "tool_error" == tool_error(ToolMessage("boom", tool_call_id="c", status="error"))


def test_success_is_no_error():
    good = [ToolMessage("ok", tool_call_id="c"), "error", {"status": "error"}, None, HumanMessage("x")]
    assert [None] * 5 == [tool_error(output) for output in good]
