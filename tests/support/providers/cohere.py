"""Cohere's chat API, version 2.

Source: docs.cohere.com/reference/chat and docs.cohere.com/reference/chat-stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.openai_chat import output_type
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

ID = "c14c80c3-18eb-4519-9460-6c92edd8cfb4"
_ENDINGS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool": "TOOL_CALL", "filter": "ERROR"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: streamed if the request says so."""
    if request.json.get("stream"):
        return Answer(sse(_events(reply), named=True), EVENT_STREAM)
    message: dict[str, Any] = {"role": "assistant"}
    if reply.text:
        message["content"] = _content(reply)
    if reply.calls:
        message["tool_calls"] = [_call(call) for call in reply.calls]
    body = {"id": ID, "finish_reason": _ENDINGS[reply.ending], "message": message}
    return json_answer(body | ({"usage": _usage(reply)} if reply.usage else {}))


def error(_status: int, message: str) -> Any:
    """An error body."""
    return {"id": "8f21d1a2", "message": message}


def _usage(reply: Reply) -> dict[str, Any]:
    """What is billed, and what the model saw: more, for its template and tools."""
    counted = reply.usage
    assert counted
    billed = {"input_tokens": counted.input, "output_tokens": counted.output}
    seen = {"input_tokens": counted.input + 66, "output_tokens": counted.output + 2}
    cached = {} if counted.cache_read is None else {"cached_tokens": counted.cache_read}
    return {"billed_units": billed, "tokens": seen} | cached


def _content(reply: Reply) -> list[dict[str, Any]]:
    thought = [{"type": "thinking", "thinking": reply.reasoning}] if reply.reasoning else []
    return [*thought, {"type": "text", "text": "".join(reply.text)}]


def _call(call: Any) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _events(reply: Reply) -> Iterator[dict[str, Any]]:
    yield {"type": "message-start", "id": ID, "delta": {"message": {"role": "assistant"}}}
    index = 0
    pieces = [("thinking", (reply.reasoning,))] if reply.reasoning else []
    for kind, texts in [*pieces, ("text", reply.text)]:
        start = {"message": {"content": {"type": kind, kind: ""}}}
        yield {"type": "content-start", "index": index, "delta": start}
        for text in texts:
            yield {"type": "content-delta", "index": index, "delta": {"message": {"content": {kind: text}}}}
        yield {"type": "content-end", "index": index}
        index += 1
    for call in reply.calls:
        whole = _call(call)
        empty = whole | {"function": whole["function"] | {"arguments": ""}}
        yield {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": empty}}}
        part = {"tool_calls": {"function": {"arguments": whole["function"]["arguments"]}}}
        yield {"type": "tool-call-delta", "index": index, "delta": {"message": part}}
        yield {"type": "tool-call-end", "index": index}
    end = {"finish_reason": _ENDINGS[reply.ending]} | ({"usage": _usage(reply)} if reply.usage else {})
    yield {"type": "message-end", "id": ID, "delta": end}


def read_request(exchange: Exchange) -> Facts:
    """What was asked for."""
    asked = exchange.request.json
    return f.present(
        {
            f.MODEL: asked.get("model"),
            f.STREAM: asked.get("stream") or None,
            f.TEMPERATURE: asked.get("temperature"),
            f.TOP_P: asked.get("p"),
            f.TOP_K: asked.get("k"),
            f.MAX_TOKENS: asked.get("max_tokens"),
            f.STOP: f.texts(asked.get("stop_sequences")),
            f.SEED: asked.get("seed"),
            f.FREQUENCY: asked.get("frequency_penalty"),
            f.PRESENCE: asked.get("presence_penalty"),
            f.OUTPUT_TYPE: output_type(at(asked, "response_format", "type")),
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered; of two counts the billed one, as the conventions prefer."""
    said: dict[str, Any] = {}
    if exchange.events:
        for event in read_sse(exchange.sent):
            if event["type"] in {"message-start", "message-end"}:
                said |= {"id": event["id"]} | event["delta"]
    else:
        said = json.loads(exchange.sent)
    usage = said.get("usage")
    return f.present(
        {
            f.ID: said.get("id"),
            f.FINISH: f.texts(said.get("finish_reason")),
            f.INPUT: at(usage, "billed_units", "input_tokens"),
            f.INPUT_SEEN: at(usage, "tokens", "input_tokens"),
            f.OUTPUT_SEEN: at(usage, "tokens", "output_tokens"),
            f.OUTPUT: at(usage, "billed_units", "output_tokens"),
            f.CACHE_READ: at(usage, "cached_tokens"),
        }
    )
