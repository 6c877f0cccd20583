"""Chat messages in the shape of the conventions, from every format of content block."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from langspan.content.messages import (
    input_messages,
    message_fields,
    output_messages,
    prompt_messages,
    system_instructions,
)
from langspan.content.policy import ContentPolicy

BYTES = b"\x89PNG not really"
BASE64 = base64.b64encode(BYTES).decode()
KNOWN_BYTES = {"size": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest()[:16]}


def text(content):
    return {"type": "text", "content": content}


def blob(modality, mime_type=None):
    mime = {} if mime_type is None else {"mime_type": mime_type}
    return {"type": "blob", "modality": modality, "content": "", **mime, **KNOWN_BYTES}


def call(name, call_id, arguments):
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


BLOCKS = [
    # LangChain's standard blocks
    pytest.param({"type": "text", "text": "hi", "annotations": []}, text("hi"), id="text"),
    pytest.param(
        {"type": "reasoning", "reasoning": "hm"}, {"type": "reasoning", "content": "hm"}, id="reasoning"
    ),
    pytest.param({"type": "reasoning"}, {"type": "reasoning", "content": ""}, id="reasoning, empty"),
    pytest.param(
        {"type": "image", "base64": BASE64, "mime_type": "image/png"},
        blob("image", "image/png"),
        id="image bytes",
    ),
    pytest.param(
        {"type": "image", "url": "https://h/x.png"},
        {"type": "uri", "modality": "image", "uri": "https://h/x.png"},
        id="image link",
    ),
    pytest.param(
        {"type": "image", "file_id": "file-1", "mime_type": "image/png"},
        {"type": "file", "modality": "image", "file_id": "file-1", "mime_type": "image/png"},
        id="image file",
    ),
    pytest.param(
        {"type": "audio", "base64": BASE64, "mime_type": "audio/wav"}, blob("audio", "audio/wav"), id="audio"
    ),
    pytest.param(
        {"type": "video", "url": "https://h/x.mp4"},
        {"type": "uri", "modality": "video", "uri": "https://h/x.mp4"},
        id="video link",
    ),
    pytest.param(
        {"type": "file", "base64": BASE64, "mime_type": "application/pdf"},
        blob("document", "application/pdf"),
        id="file bytes",
    ),
    pytest.param(
        {"type": "file", "base64": BASE64, "mime_type": "image/webp"},
        blob("image", "image/webp"),
        id="a file that holds an image",
    ),
    pytest.param(
        {"type": "text-plain", "text": "notes", "mime_type": "text/plain"}, text("notes"), id="text-plain"
    ),
    pytest.param(
        {"type": "text-plain", "file_id": "f1", "mime_type": "text/plain"},
        {"type": "file", "modality": "document", "file_id": "f1", "mime_type": "text/plain"},
        id="text-plain, by id",
    ),
    pytest.param(
        {"type": "tool_call", "id": "c1", "name": "f", "args": {"x": 1}},
        call("f", "c1", {"x": 1}),
        id="tool_call",
    ),
    pytest.param(
        {"type": "tool_call_chunk", "id": "c1", "name": "f", "args": '{"x"'},
        call("f", "c1", '{"x"'),
        id="tool_call_chunk",
    ),
    pytest.param(
        {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {"q": 1}},
        {
            "type": "server_tool_call",
            "id": "s1",
            "name": "web_search",
            "server_tool_call": {"type": "web_search", "arguments": {"q": 1}},
        },
        id="server_tool_call",
    ),
    pytest.param(
        {"type": "server_tool_result", "tool_call_id": "s1", "output": ["a"], "status": "success"},
        {
            "type": "server_tool_call_response",
            "id": "s1",
            "server_tool_call_response": {"type": "result", "output": ["a"]},
        },
        id="server_tool_result",
    ),
    pytest.param(
        {"type": "non_standard", "value": {"type": "refusal", "refusal": "no"}},
        {"type": "refusal", "content": "no"},
        id="non_standard, known inside",
    ),
    pytest.param(
        {"type": "non_standard", "value": {"type": "odd", "x": 1}},
        {"type": "odd", "x": 1},
        id="non_standard, unknown inside",
    ),
    # LangChain's earlier blocks
    pytest.param(
        {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"},
        blob("image", "image/png"),
        id="v0 image bytes",
    ),
    pytest.param(
        {"type": "file", "source_type": "id", "id": "file-1"},
        {"type": "file", "modality": "document", "file_id": "file-1"},
        id="v0 file by id",
    ),
    pytest.param(
        {"type": "file", "source_type": "text", "text": "plain"}, text("plain"), id="v0 file of text"
    ),
    # OpenAI
    pytest.param(
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}", "detail": "low"}},
        blob("image", "image/png"),
        id="OpenAI image data URL",
    ),
    pytest.param(
        {"type": "image_url", "image_url": "https://h/x.png"},
        {"type": "uri", "modality": "image", "uri": "https://h/x.png"},
        id="OpenAI image link",
    ),
    pytest.param(
        {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}},
        blob("audio", "audio/wav"),
        id="OpenAI audio",
    ),
    pytest.param(
        {"type": "file", "file": {"filename": "x.pdf", "file_data": f"data:application/pdf;base64,{BASE64}"}},
        blob("document", "application/pdf"),
        id="OpenAI file bytes",
    ),
    pytest.param(
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "modality": "document", "file_id": "file-1"},
        id="OpenAI file by id",
    ),
    pytest.param(
        {"type": "input_image", "image_url": f"data:image/png;base64,{BASE64}"},
        blob("image", "image/png"),
        id="Responses image",
    ),
    pytest.param(
        {"type": "input_file", "file_id": "file-1"},
        {"type": "file", "modality": "document", "file_id": "file-1"},
        id="Responses file",
    ),
    pytest.param({"type": "output_text", "text": "hi"}, text("hi"), id="Responses text"),
    pytest.param(
        {"type": "refusal", "refusal": "no"}, {"type": "refusal", "content": "no"}, id="OpenAI refusal"
    ),
    pytest.param(
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "a"}, {"text": "b"}],
            "encrypted_content": "xx",
        },
        {"type": "reasoning", "content": "a\nb"},
        id="Responses reasoning",
    ),
    pytest.param(
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
        call("f", "c1", "{}"),
        id="Responses function_call",
    ),
    pytest.param(
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
        {"type": "tool_call_response", "id": "c1", "response": "ok"},
        id="Responses function_call_output",
    ),
    pytest.param(
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "q"}},
        {
            "type": "server_tool_call",
            "id": "ws_1",
            "name": "web_search",
            "server_tool_call": {"type": "web_search", "status": "completed", "action": {"query": "q"}},
        },
        id="Responses web search",
    ),
    pytest.param(
        {"type": "image_generation_call", "id": "ig_1", "output_format": "png", "result": BASE64},
        blob("image", "image/png"),
        id="Responses generated image",
    ),
    # Anthropic
    pytest.param(
        {"type": "thinking", "thinking": "hm", "signature": "xx"},
        {"type": "reasoning", "content": "hm"},
        id="thinking",
    ),
    pytest.param(
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "reasoning", "content": ""},
        id="redacted_thinking",
    ),
    pytest.param(
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
        call("f", "t1", {"x": 1}),
        id="tool_use",
    ),
    pytest.param(
        {
            "type": "tool_result",
            "tool_use_id": "t1",
            "content": [{"type": "text", "text": "r"}],
            "is_error": True,
        },
        {"type": "tool_call_response", "id": "t1", "response": [text("r")], "status": "error"},
        id="tool_result",
    ),
    pytest.param(
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": BASE64}},
        blob("image", "image/jpeg"),
        id="Anthropic image bytes",
    ),
    pytest.param(
        {"type": "document", "source": {"type": "url", "url": "https://h/x.pdf"}, "title": "t"},
        {"type": "uri", "modality": "document", "uri": "https://h/x.pdf"},
        id="Anthropic document link",
    ),
    pytest.param(
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        text("words"),
        id="Anthropic document of text",
    ),
    pytest.param(
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        {
            "type": "server_tool_call",
            "id": "s1",
            "name": "web_search",
            "server_tool_call": {"type": "web_search", "arguments": {"query": "q"}},
        },
        id="server_tool_use",
    ),
    pytest.param(
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"title": "t"}]},
        {
            "type": "server_tool_call_response",
            "id": "s1",
            "server_tool_call_response": {"type": "web_search", "output": [{"title": "t"}]},
        },
        id="web_search_tool_result",
    ),
    pytest.param(
        {"type": "compaction", "content": "so far"},
        {"type": "compaction", "content": "so far"},
        id="compaction",
    ),
    # Gemini
    pytest.param(
        {"type": "executable_code", "executable_code": "1+1", "language": "python"},
        {
            "type": "server_tool_call",
            "name": "code_execution",
            "server_tool_call": {"type": "code_execution", "arguments": "1+1"},
        },
        id="executable_code",
    ),
    pytest.param(
        {"type": "code_execution_result", "code_execution_result": "2", "outcome": 1},
        {
            "type": "server_tool_call_response",
            "server_tool_call_response": {"type": "code_execution_result", "output": "2"},
        },
        id="code_execution_result",
    ),
    pytest.param(
        {"type": "media", "mime_type": "video/mp4", "data": BYTES},
        blob("video", "video/mp4"),
        id="media bytes",
    ),
    pytest.param(
        {"type": "media", "mime_type": "audio/mp3", "file_uri": "gs://b/x"},
        {"type": "uri", "modality": "audio", "uri": "gs://b/x", "mime_type": "audio/mp3"},
        id="media link",
    ),
    # Bedrock Converse
    pytest.param({"text": "hi"}, text("hi"), id="untyped text"),
    pytest.param(
        {"image": {"format": "png", "source": {"bytes": BYTES}}},
        blob("image", "image/png"),
        id="untyped image",
    ),
    pytest.param(
        {"document": {"format": "pdf", "name": "x", "source": {"s3Location": {"uri": "s3://b/x"}}}},
        {"type": "uri", "modality": "document", "uri": "s3://b/x", "mime_type": "application/pdf"},
        id="untyped document",
    ),
    pytest.param(
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}, call("f", "t1", {}), id="untyped tool use"
    ),
    pytest.param(
        {"toolResult": {"toolUseId": "t1", "content": [{"text": "r"}], "status": "error"}},
        {"type": "tool_call_response", "id": "t1", "response": [{"text": "r"}], "status": "error"},
        id="untyped tool result",
    ),
    pytest.param(
        {"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "x"}},
        {"type": "reasoning", "content": "hm"},
        id="Bedrock reasoning",
    ),
    # unknown and malformed
    pytest.param(
        {"type": "image", "base64": "abcde"},
        {
            "type": "blob",
            "modality": "image",
            "content": "",
            "size": 5,
            "sha256": hashlib.sha256(b"abcde").hexdigest()[:16],
        },
        id="bytes that are no base64",
    ),
    pytest.param({"type": "document", "source": {"content": "words"}}, text("words"), id="document of words"),
    pytest.param(
        {"type": "input_audio", "input_audio": {"data": BASE64}}, blob("audio"), id="audio, no format"
    ),
    pytest.param(
        {"type": "cachePoint", "index": 0, "x": 1}, {"type": "cachePoint", "x": 1}, id="unknown kind"
    ),
    pytest.param({"type": "image"}, {"type": "image"}, id="image of nothing"),
    pytest.param({"type": "text", "text": 3}, {"type": "text", "text": 3}, id="text that is none"),
    pytest.param({"type": ["x"], "y": 1}, {"type": "generic", "y": 1}, id="type that is none"),
    pytest.param({"type": "tool_use"}, {"type": "tool_call", "name": ""}, id="tool call without anything"),
    pytest.param(
        {"type": "image_url", "image_url": None},
        {"type": "image_url", "image_url": None},
        id="image_url of nothing",
    ),
]


@pytest.mark.parametrize(("block", "expected"), BLOCKS)
def test_a_content_block(block, expected):
    message = HumanMessage("x")
    message.content = [block]
    assert [expected] == message_fields(message)["parts"]


@pytest.mark.parametrize(("block", "expected"), BLOCKS)
def test_bytes_are_never_kept(block, expected):
    message = HumanMessage("x")
    message.content = [block]
    assert BASE64 not in repr(message_fields(message))


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (HumanMessage("x"), "user"),
        (HumanMessageChunk("x"), "user"),
        (AIMessage("x"), "assistant"),
        (AIMessageChunk("x"), "assistant"),
        (SystemMessage("x"), "system"),
        (ToolMessage("x", tool_call_id="c"), "tool"),
        (FunctionMessage("x", name="f"), "tool"),
        (ChatMessage("x", role="critic"), "critic"),
        (ChatMessage("x", role="developer"), "system"),
        (RemoveMessage("m1"), "remove"),
        ({"role": "user", "content": "x"}, "user"),
        ({"role": 3, "content": "x"}, "unknown"),
        ("x", "user"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_role(message, role):
    assert role == message_fields(message)["role"]


def test_text_content():
    assert {"role": "user", "parts": [text("hi")], "name": "ada"} == message_fields(
        HumanMessage("hi", name="ada")
    )


def test_mixed_content():
    message = HumanMessage(["one", {"type": "text", "text": "two"}])
    assert [text("one"), text("two")] == message_fields(message)["parts"]


def test_empty_content_has_no_parts():
    assert [] == message_fields(AIMessage(""))["parts"]


def test_tool_calls_follow_the_text():
    message = AIMessage("hm", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c1"}])
    assert [text("hm"), call("f", "c1", {"x": 1})] == message_fields(message)["parts"]


def test_a_tool_call_repeated_in_the_content_is_rendered_once_in_its_place():
    content = [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {}, "partial_json": '{"x": 1}'},
        {"type": "text", "text": "b"},
    ]
    message = AIMessage(content, tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c1"}])
    assert [text("a"), call("f", "c1", {"x": 1}), text("b")] == message_fields(message)["parts"]


def test_invalid_tool_calls_are_rendered():
    bad = {"name": "f", "args": '{"x": ', "id": "c1", "error": "e"}
    assert [call("f", "c1", '{"x": ')] == message_fields(AIMessage("", invalid_tool_calls=[bad]))["parts"]


def test_a_legacy_function_call():
    message = AIMessage("", additional_kwargs={"function_call": {"name": "f", "arguments": "{}"}})
    assert [{"type": "tool_call", "name": "f", "arguments": "{}"}] == message_fields(message)["parts"]


def test_reasoning_beside_the_content_comes_first():
    message = AIMessage("4", additional_kwargs={"reasoning_content": "2+2"})
    assert [{"type": "reasoning", "content": "2+2"}, text("4")] == message_fields(message)["parts"]


def test_a_spoken_answer():
    message = AIMessage("", additional_kwargs={"audio": {"id": "a1", "data": BASE64, "transcript": "hello"}})
    assert [text("hello"), blob("audio")] == message_fields(message)["parts"]


def test_a_tools_answer():
    message = ToolMessage("rain", tool_call_id="c1", name="weather", artifact={"raw": "private"})
    assert {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}],
        "name": "weather",
    } == message_fields(message)


def test_a_failed_tools_answer():
    message = ToolMessage("boom", tool_call_id="c1", status="error")
    assert [
        {"type": "tool_call_response", "id": "c1", "response": "boom", "status": "error"}
    ] == message_fields(message)["parts"]


def test_a_tools_answer_in_blocks():
    content = [{"type": "text", "text": "see"}, {"type": "image", "base64": BASE64, "mime_type": "image/png"}]
    part = message_fields(ToolMessage(content, tool_call_id="c1"))["parts"][0]
    assert [text("see"), blob("image", "image/png")] == part["response"]


def test_leading_system_messages_are_instructions():
    messages = [SystemMessage("a"), SystemMessage("b"), HumanMessage("q"), SystemMessage("later")]
    assert [text("a"), text("b")] == system_instructions(messages)


def test_instructions_are_not_repeated_among_the_input():
    messages = [SystemMessage("a"), HumanMessage("q"), SystemMessage("later")]
    assert ["user", "system"] == [message["role"] for message in input_messages(messages)]


def test_no_messages():
    assert ([], []) == (input_messages([]), system_instructions([]))


def test_prompts():
    assert [{"role": "user", "parts": [text("once")]}] == prompt_messages(["once"])


FINISH = [
    ({"finish_reason": "stop"}, "stop"),
    ({"stop_reason": "end_turn"}, "stop"),
    ({"finish_reason": "STOP"}, "stop"),
    ({"finish_reason": "MAX_TOKENS"}, "length"),
    ({"finish_reason": "tool_calls"}, "tool_call"),
    ({"stop_reason": "tool_use"}, "tool_call"),
    ({"finish_reason": "SAFETY"}, "content_filter"),
    ({"finish_reason": "something new"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("metadata", "expected"), FINISH, ids=str)
def test_finish_reason_of_an_answer(metadata, expected):
    generation = ChatGeneration(message=AIMessage("hi", response_metadata=metadata))
    answer = output_messages(LLMResult(generations=[[generation]]))[0]
    assert expected == answer.get("finish_reason")


def test_one_answer_for_each_choice():
    generations = [ChatGeneration(message=AIMessage(content)) for content in "ab"]
    answers = output_messages(LLMResult(generations=[generations]))
    assert [[text("a")], [text("b")]] == [answer["parts"] for answer in answers]


def test_a_completion():
    generation = Generation(text="and then", generation_info={"finish_reason": "length"})
    answers = output_messages(LLMResult(generations=[[generation]]))
    assert [{"role": "assistant", "parts": [text("and then")], "finish_reason": "length"}] == answers


def test_no_result():
    assert [] == output_messages(None)


# --- anything ---

KINDS = st.sampled_from(
    [block.values[0].get("type", "x") for block in BLOCKS if isinstance(block.values[0].get("type"), str)]
)
FIELDS = st.sampled_from(
    [
        "text",
        "id",
        "call_id",
        "name",
        "args",
        "input",
        "source",
        "file",
        "data",
        "url",
        "image_url",
        "input_audio",
        "content",
        "output",
        "summary",
        "reasoning",
        "value",
        "mime_type",
        "function_call",
        "image",
        "toolUse",
        "refusal",
    ]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(FIELDS, inner, max_size=4)
        | st.builds(
            lambda kind, rest: {**rest, "type": kind}, KINDS, st.dictionaries(FIELDS, inner, max_size=4)
        )
    ),
    max_leaves=12,
)
REQUIRED = {
    "text": set(),
    "reasoning": {"content"},
    "tool_call": {"name"},
    "tool_call_response": {"response"},
    "server_tool_call": {"name", "server_tool_call"},
    "server_tool_call_response": {"server_tool_call_response"},
    "blob": {"modality", "content"},
    "uri": {"modality", "uri"},
}


@given(JUNK, JUNK, JUNK, st.sampled_from([HumanMessage, AIMessage, SystemMessage]))
def test_junk_content_becomes_well_formed_parts(content, calls, extras, kind):
    message = kind("x")
    message.__dict__.update(content=content, tool_calls=calls, additional_kwargs=extras)
    for part in message_fields(message)["parts"]:
        assert isinstance(part["type"], str)
        assert part.keys() >= REQUIRED.get(part["type"], set())
    assert json.loads(ContentPolicy().render(message, "input"))["parts"] is not None


@pytest.mark.parametrize("mime_type", ["my secret", "a/b/c", "<Image object at 0x7f00>", ""])
def test_an_invalid_mime_type_is_not_recorded(mime_type):
    image = {"type": "image", "base64": BASE64, "mime_type": mime_type}
    assert [blob("image")] == message_fields(HumanMessage([image]))["parts"]
