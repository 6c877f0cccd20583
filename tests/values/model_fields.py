"""Values in messages, in answers and in what is asked of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatResult

from values.scripted import Chat, Completion, StreamingChat

Run = Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


def _chat_with(value: Any, *keys: str) -> Any:
    return Chat().bind(**dict.fromkeys(keys, value)).invoke("in").content


def _answer(**fields: Any) -> Any:
    """A model's answer with fields that nobody has looked at."""
    message = AIMessage("x")
    vars(message).update(fields)
    return Chat(result=_result(message)).invoke("in")


def _result(message: Any, **fields: Any) -> Any:
    generation = ChatGeneration.model_construct(message=message, text="x", **fields)
    return ChatResult.model_construct(generations=[generation], llm_output={})


def _of(*keys: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: dict.fromkeys(keys, value)


_USAGE = _of(
    "input_tokens", "output_tokens", "total_tokens", "prompt_tokens", "input_token_details", "total_cost"
)
_DETAILS = _of("cache_read", "cache_creation", "ephemeral_5m_input_tokens", "text", "reasoning", "audio")
_FACTS = _of(
    "id", "model_name", "model_provider", "service_tier", "system_fingerprint", "finish_reason", "token_usage"
)
_EXTRAS = _of("reasoning_content", "function_call", "audio", "tool_calls", "refusal")
_REQUEST = (
    *("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed", "n"),
    *("reasoning_effort", "reasoning", "thinking", "thinking_config", "response_format", "modalities"),
    *("service_tier", "model_kwargs", "extra_body", "base_url", "model", "text", "output_config", "effort"),
)
_HINTS = _of("ls_provider", "ls_model_name", "ls_temperature", "ls_max_tokens", "ls_stop", "ls_model_type")
_BLOCKS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: {"type": "text", "text": value},
    "image": lambda value: {"type": "image", "base64": value, "mime_type": value},
    "image link": lambda value: {"type": "image_url", "image_url": value},
    "nested image link": lambda value: {"type": "image_url", "image_url": {"url": value}},
    "sourced file": lambda value: {"type": "document", "source": value},
    "Bedrock's image": lambda value: {"image": {"format": value, "source": {"bytes": value}}},
    "reasoning": lambda value: {"type": "reasoning", "summary": value},
    "tool call": lambda value: {"type": "tool_use", "id": value, "name": value, "input": value},
    "tool result": lambda value: {
        "type": "tool_result",
        "tool_use_id": value,
        "content": value,
        "is_error": value,
    },
    "server's call": lambda value: {"type": "server_tool_use", "id": value, "name": value, "input": value},
    "server's result": lambda value: {
        "type": "web_search_tool_result",
        "tool_use_id": value,
        "content": value,
    },
    "non-standard": lambda value: {"type": "non_standard", "value": value},
    "unknown": lambda value: {"type": "weird", "x": value},
    "kindless": lambda value: {"x": value, "type": value},
    "bare": same,
}


def _asked(message: Any) -> Any:
    return Chat().invoke([SystemMessage("be"), message]).content


def _asked_with(value: Any, block: Callable[[Any], Any]) -> Any:
    """In a question, in a system message, in an answer; whatever pydantic thinks of it."""
    asked = [
        SystemMessage.model_construct(content=[block(value)]),
        HumanMessage.model_construct(content=[block(value)]),
        ToolMessage.model_construct(content=[block(value)], tool_call_id=value, status=value, name=value),
    ]
    answer = AIMessage.model_construct(content=[block(value)])
    return Chat(result=_result(answer)).invoke(asked)


def _calls(value: Any) -> Any:
    calls = [{"name": "t", "args": value, "id": "c", "type": "tool_call"}, value]
    history = AIMessage.model_construct(content="", tool_calls=calls, invalid_tool_calls=value)
    return _asked(history), _answer(tool_calls=calls)


def _streamed(value: Any) -> Any:
    first = AIMessageChunk.model_construct(content="x", response_metadata={"x": value}, id="i")
    return [chunk.content for chunk in StreamingChat(chunks=[first]).stream("in")]


def _asked_deeper(value: Any) -> Any:
    """One level down in what was asked of a model."""
    return _chat_with_each(
        thinking={"type": value, "budget_tokens": value},
        reasoning={"effort": value, "summary": value},
        response_format={"type": value, "schema": value},
        text={"format": value},
        additional_model_request_fields={"thinking": value},
    )


def _chat_with_each(**arguments: Any) -> Any:
    return Chat().bind(**arguments).invoke("in").content


FIELDS: dict[str, Run] = {
    "tool call": _calls,
    **{
        f"{name} block": lambda value, block=block: _asked_with(value, block)
        for name, block in _BLOCKS.items()
    },
    "content of a message": lambda value: _asked(HumanMessage.model_construct(content=value, name=value)),
    "extras of a message": lambda value: _asked(
        AIMessage("", additional_kwargs={"x": value, **_EXTRAS(value)})
    ),
    "extras of an answer": lambda value: _answer(additional_kwargs=_EXTRAS(value)),
    "all extras of an answer": lambda value: _answer(additional_kwargs=value),
    "facts of an answer": lambda value: _answer(response_metadata=_FACTS(value)),
    "all facts of an answer": lambda value: _answer(response_metadata=value),
    "status of an answer": lambda value: _answer(
        response_metadata=_of("status", "incomplete_details")(value)
    ),
    "id of an answer": lambda value: _answer(id=value),
    "counts": lambda value: _answer(usage_metadata=_USAGE(value)),
    "details of counts": lambda value: _answer(
        usage_metadata={
            "input_tokens": 3,
            **_of("input_token_details", "output_token_details")(_DETAILS(value)),
        }
    ),
    "all counts": lambda value: _answer(usage_metadata=value),
    "provider's counts": lambda value: _answer(
        response_metadata={
            "token_usage": {**_USAGE(value), "prompt_tokens_details": value, "billed_units": value}
        }
    ),
    "content of an answer": lambda value: _answer(content=value),
    "facts of a generation": lambda value: Chat(
        result=_result(AIMessage("x"), generation_info=_FACTS(value))
    ).invoke("in"),
    "output of a model": lambda value: Chat(
        result=ChatResult.model_construct(
            generations=[ChatGeneration(message=AIMessage("x"))], llm_output=_FACTS(value)
        )
    ).invoke("in"),
    "stream": _streamed,
    "completion": lambda value: Completion(info=_FACTS(value), output=_FACTS(value)).invoke("in"),
    "all facts of a completion": lambda value: Completion(info=value).generate(["in"]).generations,
    "parameters": lambda value: _chat_with(value, *_REQUEST),
    "parameters of a completion": lambda value: Completion().invoke("in", **dict.fromkeys(_REQUEST, value)),
    "parameters of a model": lambda value: Chat(params=dict.fromkeys(_REQUEST, value)).invoke("in").content,
    "hints": lambda value: Chat(hints=_HINTS(value)).invoke("in").content,
    "stop": lambda value: _chat_with(value, "stop"),
    "one stop": lambda value: Chat().invoke("in", stop=["a", value]).content,
    "tools": lambda value: _chat_with(value, "tools", "functions", "toolConfig"),
    "one tool": lambda value: _chat_with([value, {"name": "t", "parameters": {"x": value}}], "tools"),
    "role": lambda value: _asked(ChatMessage.model_construct(role=value, content="x")),
    "prompt": lambda value: Completion().generate([value]).generations,
    "nested parameters": _asked_deeper,
}
