"""Anthropic's messages API.

Source: platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming.
"""

from __future__ import annotations

import json
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

ID = "msg_01XFDUDYJgAACzvnptvVoYEL"
MODEL = "claude-haiku-4-5-20251001"
_ENDINGS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "filter": "refusal",
    "refusal": "refusal",
}
_KINDS = {401: "authentication_error", 429: "rate_limit_error", 500: "api_error"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: streamed if the request says so."""
    message = {"id": ID, "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}
    if request.json.get("stream"):
        return Answer(sse(_events(reply, message), named=True), EVENT_STREAM)
    whole = message | {
        "content": _blocks(reply),
        "stop_reason": _ENDINGS[reply.ending],
        "usage": _usage(reply),
    }
    return json_answer(whole)


def error(status: int, message: str) -> Any:
    """An error body."""
    return {
        "type": "error",
        "error": {"type": _KINDS[status], "message": message},
        "request_id": "req_011CSHoE",
    }


def _usage(reply: Reply) -> dict[str, Any]:
    """Cached tokens are counted beside the input, not within it."""
    counted = reply.usage
    if counted is None:  # the field is required: a proxy without counts sends zeros
        return {"input_tokens": 0, "output_tokens": 0}
    read, written = counted.cache_read or 0, counted.cache_write or 0
    usage: dict[str, Any] = {
        "input_tokens": counted.input - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written - written // 3,
            "ephemeral_1h_input_tokens": written // 3,
        },
        "output_tokens": counted.output,
        "service_tier": "standard",
    }
    if counted.reasoning is not None:
        usage["output_tokens_details"] = {"thinking_tokens": counted.reasoning}
    return usage


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": "c2lnbmVk"})
    if reply.text:
        blocks.append({"type": "text", "text": "".join(reply.text)})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in reply.calls
    ]
    return blocks


def _events(reply: Reply, message: dict[str, Any]) -> Any:
    usage = _usage(reply)
    opening = message | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    yield {"type": "message_start", "message": opening}
    yield {"type": "ping"}
    for index, block in enumerate(_blocks(reply)):
        empty, deltas = _pieces(block, reply)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    if reply.usage and reply.usage.early:
        usage = {"output_tokens": reply.usage.output}
    delta = {"stop_reason": _ENDINGS[reply.ending], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _pieces(block: dict[str, Any], reply: Reply) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
        return block | {"thinking": "", "signature": ""}, deltas
    if block["type"] == "text":
        return block | {"text": ""}, [{"type": "text_delta", "text": text} for text in reply.text]
    arguments = json.dumps(block["input"])
    halves = (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :])
    return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": half} for half in halves]


def read_request(exchange: Exchange) -> Facts:
    """What was asked for."""
    asked = exchange.request.json
    thinking = asked.get("thinking")
    kind = at(asked, "output_config", "format", "type") or at(asked, "output_format", "type")
    return f.present(
        {
            f.MODEL: asked.get("model"),
            f.STREAM: asked.get("stream") or None,
            f.TEMPERATURE: asked.get("temperature"),
            f.TOP_P: asked.get("top_p"),
            f.TOP_K: asked.get("top_k"),
            f.MAX_TOKENS: asked.get("max_tokens"),
            f.STOP: f.texts(asked.get("stop_sequences")),
            f.LEVEL: at(asked, "output_config", "effort") or at(thinking, "type"),
            f.BUDGET: at(thinking, "budget_tokens"),
            f.OUTPUT_TYPE: "json" if kind == "json_schema" else None,
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    message: dict[str, Any] = {}
    if exchange.events:
        for event in read_sse(exchange.sent):
            if event["type"] == "message_start":
                message |= event["message"]
            elif event["type"] == "message_delta":
                message |= event["delta"]
                message["usage"] = message["usage"] | event["usage"]
    else:
        message = json.loads(exchange.sent)
    reason = message.get("stop_reason")
    said = {f.ID: message.get("id"), f.RESPONSE_MODEL: message.get("model"), f.FINISH: reason and [reason]}
    return f.present(said) | _read_usage(message.get("usage"))


def _read_usage(usage: Any) -> Facts:
    """The total is what came in fresh, from the cache and into the cache, as Anthropic documents."""
    parts = [
        at(usage, key) for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    ]
    total, output = sum(part or 0 for part in parts), at(usage, "output_tokens")
    if not total:  # no prompt is empty: this server did not count
        return {}
    return f.present(
        {
            f.INPUT: total,
            f.OUTPUT: output,
            f.CACHE_READ: parts[1],
            f.CACHE_5M: at(usage, "cache_creation", "ephemeral_5m_input_tokens"),
            f.CACHE_1H: at(usage, "cache_creation", "ephemeral_1h_input_tokens"),
            f.REASONING: at(usage, "output_tokens_details", "thinking_tokens"),
        }
    ) | f.written(parts[2])
