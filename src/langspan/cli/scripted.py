"""A chat model that follows a script, so that the demo runs offline and the same everywhere.

For LangChain it is a model like any other: it streams, calls tools and reports its usage. Its answers
depend only on the messages that it is given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall, ToolMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from typing_extensions import override

from langspan._prices import Price

PRICES: Final = {
    "scripted-1": Price(input="0.25", cache_read="0.025", output="2", date="2026-11-01"),
}
"""What a small model costs; the script itself is free."""

_CHARACTERS_PER_TOKEN: Final = 4
_REASONING_TOKENS_PER_CALL: Final = 48
_FIRST_CHUNK_FACTOR: Final = 5
"""How many times longer the first chunk takes than each later one."""

_FACTS: Final = "Parcel NL-77 is in Rotterdam and due on 20 November. Returns are open until 20 December."
_ANSWER: Final = (
    "Your tea set is in Rotterdam and comes on Friday. You can send it back free until 20 December."
)


class ScriptedChatModel(BaseChatModel):
    """A chat model that calls the demo's tools about order 1042 in turn, and then writes an answer."""

    model_name: str = "scripted-1"
    """The name of the requested model; the name of the responding model has a date appended."""
    pause: float = 0.0
    """How long to wait before each streamed chunk, in seconds."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(
            ls_provider="scripted", ls_model_type="chat", ls_model_name=self.model_name, ls_temperature=0.0
        )

    @override
    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, **kwargs))

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = _reply(messages, kwargs.get("tools"))
        for number, chunk in enumerate(_chunks(reply)):
            time.sleep(self.pause * (_FIRST_CHUNK_FACTOR if number == 0 else 1))
            yield ChatGenerationChunk(message=chunk)
        yield ChatGenerationChunk(message=self._last_chunk(messages, reply, kwargs.get("tools")))

    def _last_chunk(self, messages: list[BaseMessage], reply: AIMessage, tools: object) -> AIMessageChunk:
        return AIMessageChunk(
            content="",
            usage_metadata=_usage(messages, reply, tools),
            response_metadata={
                "model_name": f"{self.model_name}-2026-11-01",
                "finish_reason": "tool_calls" if reply.tool_calls else "stop",
            },
        )


def _reply(messages: list[BaseMessage], tools: object) -> AIMessage:
    """Return the next message: a call of the script's next tool, or else the answer."""
    if not tools:
        return AIMessage(_ANSWER)
    answered = {message.name for message in messages if isinstance(message, ToolMessage)}
    if "find_order" not in answered:
        return AIMessage("", tool_calls=[_call("find_order", order_id="1042")])
    if "track_parcel" not in answered:
        calls = [
            _call("track_parcel", parcel_id="NL-77"),
            _call("return_date", delivered_on="2026-11-20"),
        ]
        return AIMessage("", tool_calls=calls)
    return AIMessage(_FACTS)


def _call(name: str, **arguments: str) -> ToolCall:
    return ToolCall(type="tool_call", id=f"call_{name}", name=name, args=arguments)


def _chunks(reply: AIMessage) -> Iterator[AIMessageChunk]:
    """Split a reply into chunks as a provider would: word by word, with each tool call in one chunk."""
    for index, call in enumerate(reply.tool_calls):
        piece = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        yield AIMessageChunk(content="", tool_call_chunks=[piece])
    for number, word in enumerate(str(reply.content).split()):
        yield AIMessageChunk(content=word if number == 0 else f" {word}")


def _usage(messages: list[BaseMessage], reply: AIMessage, tools: object) -> UsageMetadata:
    """Count tokens by length. What an earlier call of the conversation sent counts as cached."""
    earlier = max((i for i, message in enumerate(messages) if isinstance(message, AIMessage)), default=0)
    fixed = _tokens(json.dumps(tools)) if tools else 0
    sent = fixed + sum(map(_message_tokens, messages))
    cached = fixed + sum(map(_message_tokens, messages[:earlier])) if earlier else 0
    reasoning = _REASONING_TOKENS_PER_CALL * len(reply.tool_calls)
    written = _message_tokens(reply) + reasoning
    usage = UsageMetadata(input_tokens=sent, output_tokens=written, total_tokens=sent + written)
    if cached:
        usage["input_token_details"] = InputTokenDetails(cache_read=cached)
    if reasoning:
        usage["output_token_details"] = OutputTokenDetails(reasoning=reasoning)
    return usage


def _message_tokens(message: BaseMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return _tokens(str(message.content)) + sum(_tokens(json.dumps(call)) for call in calls)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
