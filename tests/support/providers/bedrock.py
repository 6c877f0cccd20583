"""Amazon Bedrock's Converse, with its binary event stream.

Source: docs.aws.amazon.com/bedrock/latest/APIReference, "Converse" and "ConverseStream"; for the frames
docs.aws.amazon.com/transcribe, "Event stream encoding".
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

EVENT_STREAM = "application/vnd.amazon.eventstream"
_ENDINGS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "filter": "guardrail_intervened",
    "refusal": "content_filtered",
}
_CODES = {401: "UnrecognizedClientException", 429: "ThrottlingException", 500: "InternalServerException"}
_STRING = 7


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: the path asks for a stream."""
    if _streams(request):
        frames = tuple(_frame(name, payload) for name, payload in _events(reply))
        return Answer(frames, EVENT_STREAM)
    body: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": _blocks(reply)}},
        "stopReason": _ENDINGS[reply.ending],
        "metrics": {"latencyMs": 609},
    }
    return json_answer(body | {"usage": _usage(reply)})


def error(status: int, message: str) -> Any:
    """An error body."""
    return {"__type": _CODES[status], "message": message}


def _streams(request: Request) -> bool:
    return request.path.endswith("/converse-stream")


def _usage(reply: Reply) -> dict[str, Any]:
    """Cached tokens are counted beside the input, not within it."""
    counted = reply.usage
    if counted is None:  # the field is required: a proxy without counts sends zeros
        return {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    read, written = counted.cache_read or 0, counted.cache_write or 0
    usage = {
        "inputTokens": counted.input - read - written,
        "outputTokens": counted.output,
        "totalTokens": counted.input + counted.output,
    }
    if counted.cache_read is not None or counted.cache_write is not None:
        usage |= {"cacheReadInputTokens": read, "cacheWriteInputTokens": written}
    return usage


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        blocks.append({"reasoningContent": {"reasoningText": {"text": reply.reasoning, "signature": "c2ln"}}})
    if reply.text:
        blocks.append({"text": "".join(reply.text)})
    return blocks + [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}
        for call in reply.calls
    ]


def _events(reply: Reply) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(_blocks(reply)):
        place = {"contentBlockIndex": index}
        deltas: list[dict[str, Any]]
        if "text" in block:
            deltas = [{"text": text} for text in reply.text]
        elif "reasoningContent" in block:
            deltas = [{"reasoningContent": {"text": reply.reasoning}}]
        else:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", place | {"start": start}
            deltas = [{"toolUse": {"input": json.dumps(use["input"])}}]
        for delta in deltas:
            yield "contentBlockDelta", place | {"delta": delta}
        yield "contentBlockStop", place
    yield "messageStop", {"stopReason": _ENDINGS[reply.ending]}
    yield "metadata", {"usage": _usage(reply), "metrics": {"latencyMs": 581}}


def _frame(name: str, payload: dict[str, Any]) -> bytes:
    """One message: lengths and their checksum, headers, body, checksum of all."""
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", _STRING, len(value)) + value.encode()
        for key, value in (
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


def _read_frames(stream: bytes) -> Iterator[dict[str, Any]]:
    while stream:
        total, headers = struct.unpack_from("!II", stream)
        yield json.loads(stream[12 + headers : total - 4])
        stream = stream[total:]


def read_request(exchange: Exchange) -> Facts:
    """What was asked for; the model is in the path."""
    asked = exchange.request.json
    config = asked.get("inferenceConfig") or {}
    extra = asked.get("additionalModelRequestFields") or {}
    return f.present(
        {
            f.MODEL: unquote(exchange.request.path.split("/")[2]),
            f.STREAM: _streams(exchange.request) or None,
            f.TEMPERATURE: config.get("temperature"),
            f.TOP_P: config.get("topP"),
            f.TOP_K: extra.get("top_k"),
            f.MAX_TOKENS: config.get("maxTokens"),
            f.STOP: f.texts(config.get("stopSequences")),
            f.LEVEL: at(extra, "thinking", "type"),
            f.BUDGET: at(extra, "thinking", "budget_tokens"),
            f.OUTPUT_TYPE: "json"
            if at(asked, "outputConfig", "textFormat", "type") == "json_schema"
            else None,
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    said: dict[str, Any] = {}
    for part in _read_frames(exchange.sent) if exchange.events else [json.loads(exchange.sent)]:
        said |= part
    usage = said.get("usage")
    read, written = at(usage, "cacheReadInputTokens"), at(usage, "cacheWriteInputTokens")
    total = sum(part or 0 for part in (at(usage, "inputTokens"), read, written))
    facts = {f.FINISH: f.texts(said.get("stopReason"))}
    if total:  # no prompt is empty: else this server did not count
        facts |= {f.INPUT: total, f.OUTPUT: at(usage, "outputTokens"), f.CACHE_READ: read} | f.written(
            written
        )
    return f.present(facts)
