"""OpenAI's chat completions, and the many APIs made after it.

Source: platform.openai.com/docs/api-reference/chat (object, chunk object, errors).
"""

from __future__ import annotations

import json
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

ID = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"
MODEL = "gpt-4o-mini-2024-07-18"
_ENDINGS = {
    "stop": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
    "refusal": "stop",
}


def answer(request: Request, reply: Reply, *, always_usage: bool = False, **extra: Any) -> Answer:
    """Answer as the API does: streamed if the request says so, with usage in the stream if asked.

    `always_usage` is for servers that stream it unasked; `extra` is added to every object.
    """
    asked = request.json
    common = {"id": ID, "created": 1741569952, "model": MODEL, "system_fingerprint": "fp_44709d6fcb"} | extra
    if asked.get("service_tier"):
        common["service_tier"] = "default"
    if not asked.get("stream"):
        choices = [
            {
                "index": index,
                "message": _message(reply),
                "logprobs": None,
                "finish_reason": _ENDINGS[reply.ending],
            }
            for index in range(asked.get("n") or 1)
        ]
        whole = common | {"object": "chat.completion", "choices": choices}
        return json_answer(whole | ({"usage": usage(reply)} if reply.usage else {}))
    wanted = always_usage or at(asked, "stream_options", "include_usage")
    chunks = list(_chunks(reply, common | {"object": "chat.completion.chunk"}, asked.get("n") or 1))
    if reply.usage and wanted:
        chunks.append(common | {"object": "chat.completion.chunk", "choices": [], "usage": usage(reply)})
    return Answer(sse(chunks, last="[DONE]"), EVENT_STREAM)


def error(status: int, message: str) -> Any:
    """An error body."""
    return {"error": {"message": message, "type": "some_error", "param": None, "code": f"code_{status}"}}


def usage(reply: Reply) -> dict[str, Any]:
    """The usage object; details of 0 are sent, as OpenAI does."""
    counted = reply.usage
    assert counted
    return {
        "prompt_tokens": counted.input,
        "completion_tokens": counted.output,
        "total_tokens": counted.input + counted.output,
        "prompt_tokens_details": {"cached_tokens": counted.cache_read or 0, "audio_tokens": 0}
        | ({} if counted.cache_write is None else {"cache_write_tokens": counted.cache_write}),
        "completion_tokens_details": {
            "reasoning_tokens": counted.reasoning or 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _message(reply: Reply) -> dict[str, Any]:
    text = "".join(reply.text) or None
    refused = reply.ending == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused else text,
        "refusal": text if refused else None,
        "annotations": [],
    }
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    return message


def _call(call: Any) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _chunks(reply: Reply, common: dict[str, Any], count: int) -> Any:
    def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return common | {"choices": [choice]}

    for index in range(count):
        yield chunk({"role": "assistant", "content": "", "refusal": None}, index=index)
        if reply.reasoning:
            yield chunk({"reasoning_content": reply.reasoning}, index=index)
        kind = "refusal" if reply.ending == "refusal" else "content"
        for text in reply.text:
            yield chunk({kind: text}, index=index)
        for position, call in enumerate(reply.calls):
            yield chunk({"tool_calls": [{"index": position} | _call(call)]}, index=index)
    for index in range(count):
        yield chunk({}, _ENDINGS[reply.ending], index)


def read_request(exchange: Exchange) -> Facts:
    """What was asked for."""
    asked = exchange.request.json
    tier = asked.get("service_tier")
    return f.present(
        {
            f.MODEL: asked.get("model"),
            f.STREAM: asked.get("stream") or None,
            f.TEMPERATURE: asked.get("temperature"),
            f.TOP_P: asked.get("top_p"),
            f.FREQUENCY: asked.get("frequency_penalty"),
            f.PRESENCE: asked.get("presence_penalty"),
            f.MAX_TOKENS: asked.get("max_completion_tokens", asked.get("max_tokens")),
            f.STOP: f.texts(asked.get("stop")),
            f.SEED: asked.get("seed"),
            f.CHOICES: f.many(asked.get("n")),
            f.LEVEL: asked.get("reasoning_effort"),
            f.OUTPUT_TYPE: output_type(at(asked, "response_format", "type")),
            f.TIER_ASKED: None if tier == "auto" else tier,
        }
    )


def output_type(kind: Any) -> str | None:
    """What a response format's type asks for."""
    return {"json_object": "json", "json_schema": "json", "text": "text"}.get(kind)


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    objects = list(read_sse(exchange.sent)) if exchange.events else [json.loads(exchange.sent)]
    reasons: dict[int, str] = {}
    said: dict[str, Any] = {}
    for item in objects:
        for choice in item.get("choices") or ():
            if choice.get("finish_reason"):
                reasons[choice["index"]] = choice["finish_reason"]
        said |= {key: value for key, value in item.items() if value is not None}
    return f.present(
        {
            f.ID: said.get("id"),
            f.RESPONSE_MODEL: said.get("model"),
            f.FINISH: [reasons[index] for index in sorted(reasons)] or None,
            f.TIER: said.get("service_tier"),
            f.FINGERPRINT: said.get("system_fingerprint"),
        }
    ) | read_usage(said.get("usage"))


def read_usage(counts: Any) -> Facts:
    """What a usage object counts."""
    return f.present(
        {
            f.INPUT: at(counts, "prompt_tokens"),
            f.OUTPUT: at(counts, "completion_tokens"),
            f.CACHE_READ: at(counts, "prompt_tokens_details", "cached_tokens"),
            f.AUDIO_IN: at(counts, "prompt_tokens_details", "audio_tokens"),
            f.REASONING: at(counts, "completion_tokens_details", "reasoning_tokens"),
            f.AUDIO_OUT: at(counts, "completion_tokens_details", "audio_tokens"),
        }
    ) | f.written(at(counts, "prompt_tokens_details", "cache_write_tokens"))
