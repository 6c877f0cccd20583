"""OpenAI's Responses API.

Source: platform.openai.com/docs/api-reference/responses and .../responses-streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.openai_chat import OPENAI, output_type
from support.providers.replies import Call, Reply
from support.providers.server import Answer, Exchange, Request, json_answer

error = OPENAI.error
ID = "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b"
MODEL = "gpt-4.1-mini-2025-04-14"
_MESSAGE_ID = "msg_67ccd2bf17f0819081ff3bb2cf6508e60bb6a6b452d3795b"
_REASONING_ID = "rs_6876cf02e0bc8192b74af0fb64b715ff06fa2fcced15a5ac"
_CAUSES = {"length": "max_output_tokens", "filter": "content_filter"}
# The API has no finish reasons; the conventions want one. OpenTelemetry's own instrumentation derives it so.
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: streamed if the request says so."""
    asked = request.json
    response: dict[str, Any] = {
        "id": ID,
        "object": "response",
        "created_at": 1741476542,
        "status": "incomplete" if reply.ending in _CAUSES else "completed",
        "error": None,
        "incomplete_details": {"reason": _CAUSES[reply.ending]} if reply.ending in _CAUSES else None,
        "instructions": None,
        "max_output_tokens": asked.get("max_output_tokens"),
        "model": MODEL,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": asked.get("previous_response_id"),
        "reasoning": asked.get("reasoning") or {"effort": None, "summary": None},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }
    if asked.get("stream"):
        return Answer(sse(_numbered(_events(reply, response)), named=True), EVENT_STREAM)
    return json_answer(response | {"output": _output(reply), "usage": _usage(reply)})


def _usage(reply: Reply) -> dict[str, Any] | None:
    counted = reply.usage
    if counted is None:
        return None
    return {
        "input_tokens": counted.input,
        "input_tokens_details": {"cached_tokens": counted.cache_read or 0}
        | ({} if counted.cache_write is None else {"cache_write_tokens": counted.cache_write}),
        "output_tokens": counted.output,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning or 0},
        "total_tokens": counted.input + counted.output,
    }


def _part(reply: Reply, text: str) -> dict[str, Any]:
    if reply.ending == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message(content: list[dict[str, Any]], status: str = "completed") -> dict[str, Any]:
    return {"id": _MESSAGE_ID, "type": "message", "status": status, "role": "assistant", "content": content}


def _thought(reply: Reply) -> dict[str, Any]:
    return {"id": _REASONING_ID, "type": "reasoning", "summary": [_summary(reply.reasoning or "")]}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}


def _function(call: Call) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": json.dumps(call.arguments),
    }


def _output(reply: Reply) -> list[dict[str, Any]]:
    items = [_thought(reply)] if reply.reasoning else []
    if reply.text:
        items.append(_message([_part(reply, "".join(reply.text))]))
    return items + [_function(call) for call in reply.calls]


def _numbered(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, event in enumerate(events):
        yield event | {"sequence_number": number}


def _events(reply: Reply, response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = response | {"status": "in_progress", "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(_output(reply)):
        place = {"output_index": index}
        empty: dict[str, dict[str, Any]] = {
            "message": {"content": []},
            "reasoning": {"summary": []},
            "function_call": {"arguments": ""},
        }
        yield {"type": "response.output_item.added", "item": item | empty[item["type"]]} | place
        for event in _ITEM_EVENTS[item["type"]](reply, item):
            yield event | place | {"item_id": item["id"]}
        yield {"type": "response.output_item.done", "item": item} | place
    whole = response | {"output": _output(reply), "usage": _usage(reply)}
    yield {"type": f"response.{response['status']}", "response": whole}


def _message_events(reply: Reply, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = "refusal" if reply.ending == "refusal" else "output_text"
    key = "refusal" if reply.ending == "refusal" else "text"
    whole = "".join(reply.text)
    yield {"type": "response.content_part.added", "content_index": 0, "part": _part(reply, "")}
    for text in reply.text:
        yield {"type": f"response.{kind}.delta", "content_index": 0, "delta": text, "logprobs": []}
    yield {"type": f"response.{kind}.done", "content_index": 0, key: whole, "logprobs": []}
    yield {"type": "response.content_part.done", "content_index": 0, "part": item["content"][0]}


def _reasoning_events(reply: Reply, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = {"summary_index": 0}
    yield {"type": "response.reasoning_summary_part.added", "part": _summary("")} | place
    yield {"type": "response.reasoning_summary_text.delta", "delta": reply.reasoning} | place
    yield {"type": "response.reasoning_summary_text.done", "text": reply.reasoning} | place
    yield {"type": "response.reasoning_summary_part.done", "part": item["summary"][0]} | place


def _call_events(_reply: Reply, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.function_call_arguments.delta", "delta": item["arguments"]}
    yield {
        "type": "response.function_call_arguments.done",
        "arguments": item["arguments"],
        "name": item["name"],
    }


_ITEM_EVENTS = {"message": _message_events, "reasoning": _reasoning_events, "function_call": _call_events}


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
            f.MAX_TOKENS: asked.get("max_output_tokens"),
            f.LEVEL: at(asked, "reasoning", "effort"),
            f.PREVIOUS: asked.get("previous_response_id"),
            f.OUTPUT_TYPE: output_type(at(asked, "text", "format", "type")),
            f.TIER_ASKED: None if tier == "auto" else tier,
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    response: dict[str, Any] = {}
    if exchange.events:
        for event in read_sse(exchange.sent):
            response |= event.get("response", {})
    else:
        response = json.loads(exchange.sent)
    usage = response.get("usage")
    said = {
        f.ID: response.get("id"),
        f.RESPONSE_MODEL: response.get("model"),
        f.FINISH: _finish(response),
        f.TIER: response.get("service_tier"),
        f.INPUT: at(usage, "input_tokens"),
        f.OUTPUT: at(usage, "output_tokens"),
        f.CACHE_READ: at(usage, "input_tokens_details", "cached_tokens"),
        f.REASONING: at(usage, "output_tokens_details", "reasoning_tokens"),
    }
    return f.present(said) | f.written(at(usage, "input_tokens_details", "cache_write_tokens"))


def _finish(response: dict[str, Any]) -> list[str] | None:
    if response.get("status") == "completed":
        called = any(item["type"] == "function_call" for item in response["output"])
        return ["tool_calls" if called else "stop"]
    cause = at(response, "incomplete_details", "reason")
    return [_REASONS[cause]] if cause else None
