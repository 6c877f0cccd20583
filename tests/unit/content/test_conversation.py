"""Whole conversations as JSON: bounded, cut at the oldest messages, and cached by value."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langspan.content import conversation
from langspan.content.conversation import ConversationRenderer
from langspan.content.messages import input_messages
from langspan.content.policy import ContentPolicy

POLICY = ContentPolicy()


def turns(count):
    """Return a conversation of `count` rounds: question, tool call, tool answer, answer."""
    messages = [SystemMessage("You help.")]
    for number in range(count):
        call = {
            "name": "search",
            "args": {"q": f"{number}", "n": number},
            "id": f"c{number}",
            "type": "tool_call",
        }
        messages += [
            HumanMessage(f"question {number}"),
            AIMessage([{"type": "text", "text": f"let me see {number}"}], tool_calls=[call]),
            ToolMessage(f"result {number}", tool_call_id=f"c{number}"),
            AIMessage(f"answer {number}"),
        ]
    return messages


class Counting:
    """A redact hook that counts its calls: cached messages need none."""

    def __init__(self):
        self.calls = 0

    def __call__(self, value, where):
        self.calls += 1
        return value


def test_input_without_the_instructions():
    found = json.loads(ConversationRenderer(POLICY).input(turns(2)))
    assert input_messages(turns(2)) == found


def test_system():
    assert '[{"type":"text","content":"You help."}]' == ConversationRenderer(POLICY).system(turns(1))


def test_output():
    result = LLMResult(generations=[[ChatGeneration(message=AIMessage("hi"))]])
    expected = '[{"role":"assistant","parts":[{"type":"text","content":"hi"}]}]'
    assert expected == ConversationRenderer(POLICY).output(result)


def test_prompts():
    expected = '[{"role":"user","parts":[{"type":"text","content":"once"}]}]'
    assert expected == ConversationRenderer(POLICY).prompts(["once"])


TOOL = {"name": "weather", "description": "d", "input_schema": {"type": "object"}}


def test_tools():
    expected = '[{"type":"function","name":"weather"}]'
    assert expected == ConversationRenderer(POLICY).tools({"tools": [TOOL]})


def test_tools_with_schemas():
    found = json.loads(ConversationRenderer(POLICY).tools({"tools": [TOOL]}, schemas=True))
    assert [
        {"type": "function", "name": "weather", "description": "d", "parameters": {"type": "object"}}
    ] == found


def test_the_same_tools_are_rendered_once():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact))
    renderer.tools({"tools": [TOOL]})
    before = redact.calls
    renderer.tools({"tools": [dict(TOOL)]})
    assert before == redact.calls


def test_changed_tools_are_rendered_again():
    renderer = ConversationRenderer(POLICY)
    tools = [dict(TOOL)]
    renderer.tools({"tools": tools})
    tools[0]["name"] = "other"
    assert '[{"type":"function","name":"other"}]' == renderer.tools({"tools": tools})


def test_schemas_and_names_are_not_confused():
    renderer = ConversationRenderer(POLICY)
    assert renderer.tools({"tools": [TOOL]}, schemas=True) != renderer.tools({"tools": [TOOL]})


def test_tools_that_are_python_objects():
    assert '[{"type":"function","name":"Counting"}]' == ConversationRenderer(POLICY).tools(
        {"tools": [Counting]}
    )


def test_the_same_instructions_are_rendered_once():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact))
    first = renderer.system(turns(1))
    before = redact.calls
    assert (first, before) == (renderer.system(turns(2)), redact.calls)


def test_nothing_to_render():
    renderer = ConversationRenderer(POLICY)
    system_only = [SystemMessage("x")]
    assert [None] * 6 == [
        renderer.tools({"tools": None}),
        renderer.input([]),
        renderer.input(system_only),
        renderer.system([HumanMessage("x")]),
        renderer.output(None),
        renderer.prompts([]),
    ]


@pytest.mark.parametrize("limit", [600, 5_000, 16_384])
def test_a_long_conversation_shows_its_newest_messages(limit):
    text = ConversationRenderer(ContentPolicy(max_bytes=limit)).input(turns(200))
    found = json.loads(text)
    left_out = 800 - (len(found) - 1)
    assert len(text.encode()) <= limit
    assert f"[{left_out} earlier messages left out]" == found[0]["parts"][0]["content"]
    assert "answer 199" == found[-1]["parts"][0]["content"]


def test_a_huge_message_leaves_room_for_others():
    messages = [HumanMessage("why?"), ToolMessage("data " * 100_000, tool_call_id="c")]
    found = json.loads(ConversationRenderer(POLICY).input(messages))
    assert "why?" == found[0]["parts"][0]["content"]


def test_many_choices_share_the_limit():
    generations = [ChatGeneration(message=AIMessage("word " * 10_000)) for _ in range(4)]
    text = ConversationRenderer(POLICY).output(LLMResult(generations=[generations]))
    assert (4, True) == (len(json.loads(text)), len(text.encode()) <= POLICY.max_bytes)


def test_a_message_seen_before_is_not_rendered_again():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact))
    messages = turns(3)
    first = renderer.input(messages)
    before = redact.calls
    assert (first, before) == (renderer.input(messages), redact.calls)


def test_an_equal_message_is_found_in_the_cache():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact))
    renderer.input(turns(3))
    before = redact.calls
    renderer.input(turns(3))
    assert before == redact.calls


def test_a_new_turn_costs_the_new_messages_only():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact, max_bytes=1_000_000))
    costs = []
    for count in range(1, 31):
        before = redact.calls
        renderer.input(turns(count))
        costs.append(redact.calls - before)
    assert 1 == len(set(costs))


CHANGES = {
    "content": lambda message: setattr(message, "content", "other"),
    "block": lambda message: message.content[0].update(text="other"),
    "argument": lambda message: message.tool_calls[0]["args"].update(q="other"),
    "argument type": lambda message: message.tool_calls[0]["args"].update(n=True),
    "call name": lambda message: message.tool_calls[0].update(name="other"),
    "name": lambda message: setattr(message, "name", "other"),
    "reasoning": lambda message: message.additional_kwargs.update(reasoning_content="other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_message_is_rendered_again(change):
    renderer = ConversationRenderer(POLICY)
    call = {"name": "f", "args": {"q": "x", "n": 1}, "id": "c1", "type": "tool_call"}
    message = AIMessage([{"type": "text", "text": "hi"}], tool_calls=[call])
    renderer.input([message])
    change(message)
    assert ConversationRenderer(POLICY).input([message]) == renderer.input([message])


def test_an_id_set_later_does_not_change_the_key():
    renderer = ConversationRenderer(POLICY)
    message = AIMessageChunk("hi")
    first = renderer.input([message])
    message.id = "lc_run--1"
    assert first == renderer.input([message])


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "hi", "extra": object()}],
        [{"type": "text", "text": "hi", 3: "odd key"}],
        [{"type": "text", "text": "hi"}] * 1_000,
    ],
    ids=["an object", "a number as key", "very many parts"],
)
def test_a_message_without_a_key_is_rendered_each_time(content):
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact))
    message = HumanMessage("x")
    message.content = content
    first = renderer.input([message])
    once = redact.calls
    assert (first, 2 * once) == (renderer.input([message]), redact.calls)


@pytest.mark.parametrize("message", ["hi", {"role": "user", "content": "hi"}], ids=["text", "dict"])
def test_a_message_that_is_not_an_object_is_rendered(message):
    expected = '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]'
    assert expected == ConversationRenderer(POLICY).input([message])


def test_memory_is_bounded():
    renderer = ConversationRenderer(POLICY, limit=50_000)
    for number in range(2_000):
        renderer.input([HumanMessage(f"{number} " * 50)])
    held = sum(len(text) for store in (renderer._young, renderer._old) for text, _ in store.values())
    assert 0 < held < 100_000


def test_a_used_entry_stays_in_the_cache():
    redact = Counting()
    renderer = ConversationRenderer(ContentPolicy(redact=redact), limit=20_000)
    for number in range(500):
        renderer.input([HumanMessage("kept"), HumanMessage(f"{number} " * 20)])
    assert 500 + 1 <= redact.calls < 600


def test_a_long_text_is_not_kept_alive():
    renderer = ConversationRenderer(POLICY)
    text = "long " * 50_000
    before = sys.getrefcount(text)
    renderer.input([HumanMessage(text)])
    assert before == sys.getrefcount(text)


def test_when_redact_raises_none_of_the_conversation_is_recorded():
    def fail(value, where):
        if "answer 1" in str(value):
            raise ValueError(value)
        return value

    assert ConversationRenderer(ContentPolicy(redact=fail)).input(turns(3)) is None


def test_redact_receives_where_the_value_is_from():
    places = set()
    policy = ContentPolicy(redact=lambda value, where: places.add(where) or value)
    renderer = ConversationRenderer(policy)
    renderer.input(turns(1))
    renderer.system(turns(1))
    renderer.output(LLMResult(generations=[[ChatGeneration(message=AIMessage("hi"))]]))
    assert {conversation.INPUT, conversation.SYSTEM, conversation.OUTPUT} == places


def test_threads_may_share_a_renderer():
    renderer = ConversationRenderer(POLICY, limit=5_000)
    expected = ConversationRenderer(POLICY).input(turns(4))
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: renderer.input(turns(4)), range(100)))
    assert {expected} == found


TEXTS = st.text(max_size=30) | st.text(max_size=10).map(lambda text: text * 500)
MESSAGES = st.lists(
    st.builds(HumanMessage, TEXTS)
    | st.builds(AIMessage, TEXTS)
    | st.builds(SystemMessage, TEXTS)
    | st.builds(lambda text: ToolMessage(text, tool_call_id="c"), TEXTS),
    max_size=20,
)


@given(MESSAGES, st.sampled_from([500, 2_000, 16_384]))
def test_any_conversation_is_valid_json_within_the_limit(messages, limit):
    renderer = ConversationRenderer(ContentPolicy(max_bytes=limit))
    for text in (renderer.input(messages), renderer.system(messages), renderer.input(messages)):
        if text is not None:
            json.loads(text)
            assert len(text.encode()) <= limit


def test_circular_arguments_are_cut_at_the_cycle():
    arguments = {"q": "x"}
    arguments["self"] = [arguments]
    message = AIMessage("", additional_kwargs={"function_call": {"name": "search", "arguments": arguments}})
    (shown,) = json.loads(ConversationRenderer(POLICY).input([message]))
    assert {"q": "x", "self": ["[circular]"]} == shown["parts"][0]["arguments"]


BLOCKS = {
    "texts": {"type": "text", "text": "t" * 1000},
    "images": {"type": "image", "base64": "QUJD" * 50, "mime_type": "image/png"},
    "images by URL": {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUJD" * 50}},
}
HOLDERS = {
    "user": HumanMessage,
    "assistant": AIMessage,
    "tool": lambda blocks: ToolMessage(blocks, tool_call_id="c1"),
}


def calls_for(message):
    """How many calls, of Python and of C, rendering a message takes."""
    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    renderer = ConversationRenderer(ContentPolicy(None, 16_384))
    sys.setprofile(profile)
    try:
        text = renderer.input([message])
    finally:
        sys.setprofile(None)
    json.loads(text)
    return count


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_that_there_is_no_room_for_are_not_looked_at(kind, holder):
    """Ten times as many cost the same."""
    few, many = (calls_for(HOLDERS[holder]([BLOCKS[kind]] * count)) for count in (2000, 20_000))
    assert abs(many - few) < 50


@pytest.mark.parametrize("holder", HOLDERS)
def test_blocks_that_are_left_out_are_counted(holder):
    text = ConversationRenderer(ContentPolicy(None, 16_384)).input(
        [HOLDERS[holder]([{"type": "text", "text": "x"}] * 20_000)]
    )
    (message,) = json.loads(text)
    shown = message["parts"][0]["response"] if holder == "tool" else message["parts"]
    *parts, note = shown
    assert f"…[{20_000 - len(parts)} more left out]" == note
    assert {"type": "text", "content": "x"} == parts[-1]
