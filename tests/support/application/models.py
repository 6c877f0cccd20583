"""Model calls of an application: chat and completion, streamed, closed, failed, cancelled."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from support.application.waiting import cancelled, wait_for_ever
from support.models import ScriptedChat, ScriptedLLM, StreamingChat, StreamingLLM, tool_call, usage

IMAGE = "iVBORw0KGgo="
CONVERSATION = [
    SystemMessage("Be brief."),
    HumanMessage(
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
            {"type": "image", "base64": IMAGE, "mime_type": "image/png"},
        ]
    ),
    tool_call("look", near=True),
    ToolMessage("a cat", tool_call_id="call-1", name="look"),
    AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "A cat?"}]),
    HumanMessage("Sure?"),
]
ANSWER = AIMessage(
    "a b c",
    usage_metadata=usage(3, 4, input_token_details={"cache_read": 1}, output_token_details={"reasoning": 2}),
    response_metadata={"finish_reason": "stop", "model_name": "scripted-2", "id": "r1"},
)


class WaitingChat(ScriptedChat):
    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await wait_for_ever()


class PartlyFailingChat(ScriptedChat):
    """Fails at its second call."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        if self.calls:
            raise ValueError("no")
        return super()._generate(*args, **kwargs)


class OpenAIStream:
    """In the place of OpenAI's client: the stream of one answer."""

    def create(self, **_: Any) -> Any:
        return self

    def __enter__(self) -> Any:
        chunk = {"id": "chatcmpl-1", "model": "scripted-2"}
        deltas = ({"role": "assistant", "content": text} for text in ("a", "b"))
        return iter([{**chunk, "choices": [{"delta": delta, "index": 0}]} for delta in deltas])

    def __exit__(self, *_: object) -> None:
        """Close nothing."""


def openai_stream(config: Any) -> Any:
    from langchain_openai import ChatOpenAI

    client = OpenAIStream()
    model = ChatOpenAI(model="scripted", api_key=SecretStr("k"), client=client, async_client=client)
    return model.stream("x", config)


def chat_invoke(config: Any) -> Any:
    return ScriptedChat(answers=(ANSWER,)).bind_tools(["look"]).invoke(CONVERSATION, config)


async def chat_ainvoke(config: Any) -> Any:
    return await ScriptedChat().ainvoke(CONVERSATION, config, stop=["."])


def chat_stream(config: Any) -> Any:
    return StreamingChat(answers=(ANSWER,)).stream(CONVERSATION, config)


def chat_astream(config: Any) -> Any:
    return StreamingChat(answers=("a b c",)).astream("x", config)


def chat_stream_closed(config: Any) -> Any:
    stream: Any = StreamingChat(answers=("a b c",)).stream("x", config)
    item = next(stream)
    stream.close()
    return item


async def chat_astream_closed(config: Any) -> Any:
    stream: Any = StreamingChat(answers=("a b c",)).astream("x", config)
    item = await anext(stream)
    await stream.aclose()
    return item


def chat_fails(config: Any) -> Any:
    return ScriptedChat(fails_with=ValueError("no")).invoke("x", config)


def chat_stream_fails(config: Any) -> Any:
    return StreamingChat(fails_with=ValueError("no")).stream("x", config)


async def chat_astream_fails(config: Any) -> Any:
    return await anext(StreamingChat(fails_with=ValueError("no")).astream("x", config))


async def chat_cancelled(config: Any) -> Any:
    return await cancelled(WaitingChat().ainvoke("x", config))


def chat_generate_fails_for_one_of_two(config: Any) -> Any:
    prompts: list[list[BaseMessage]] = [[HumanMessage("a")], [HumanMessage("b")]]
    return PartlyFailingChat().generate(prompts, callbacks=config["callbacks"])


def chat_event_stream(config: Any) -> Any:
    stream = StreamingChat(answers=("a b c",)).stream_events("x", config, version="v3")
    return [event["event"] for event in stream]


async def chat_event_astream(config: Any) -> Any:
    stream = await StreamingChat(answers=("a b c",)).astream_events("x", config, version="v3")
    return [event["event"] async for event in stream]


def llm_invoke(config: Any) -> Any:
    return ScriptedLLM().invoke("x", config)


async def llm_ainvoke(config: Any) -> Any:
    return await ScriptedLLM().ainvoke("x", config)


def llm_batch(config: Any) -> Any:
    return ScriptedLLM().batch(["x", "y"], config)


async def llm_abatch(config: Any) -> Any:
    return await ScriptedLLM().abatch(["x", "y"], config)


def llm_stream(config: Any) -> Any:
    return StreamingLLM(answer="a b c").stream("x", config)


def llm_astream(config: Any) -> Any:
    return StreamingLLM(answer="a b c").astream("x", config)


def llm_fails(config: Any) -> Any:
    return ScriptedLLM(fails_with=ValueError("no")).invoke("x", config)


SCENARIOS = (
    chat_invoke,
    chat_ainvoke,
    chat_stream,
    chat_astream,
    chat_stream_closed,
    chat_astream_closed,
    chat_fails,
    chat_stream_fails,
    chat_astream_fails,
    chat_cancelled,
    chat_generate_fails_for_one_of_two,
    llm_invoke,
    llm_ainvoke,
    llm_batch,
    llm_abatch,
    llm_stream,
    llm_astream,
    llm_fails,
)
OF_PACKAGES = (openai_stream,)
"""Calls of a provider's own package."""
EVENT_STREAMS = (chat_event_stream, chat_event_astream)
"""Younger than the oldest langchain-core we support."""
