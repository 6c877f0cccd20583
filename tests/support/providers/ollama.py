"""Ollama's chat API.

Source: github.com/ollama/ollama/blob/main/docs/api.md.
"""

from __future__ import annotations

import json
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts
from support.providers.frames import JSON_LINES, json_lines, read_json_lines
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

MODEL = "llama3.2:3b-instruct-q4_K_M"
_ENDINGS = {"stop": "stop", "length": "length", "tool": "stop", "filter": "stop"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: streamed unless the request says not to."""
    common = {"model": MODEL, "created_at": "2026-11-21T08:12:17.361Z"}
    end = common | {"done": True, "done_reason": _ENDINGS[reply.ending], "total_duration": 4_883_583_458}
    if reply.usage:
        end |= {"prompt_eval_count": reply.usage.input, "eval_count": reply.usage.output}
    if request.json.get("stream") is False:
        return json_answer(end | {"message": _message("".join(reply.text), reply)})
    lines = [common | {"message": _message(text), "done": False} for text in reply.text]
    if reply.reasoning or reply.calls:
        lines.insert(0, common | {"message": _message("", reply), "done": False})
    return Answer(json_lines([*lines, end | {"message": _message("")}]), JSON_LINES)


def error(_status: int, message: str) -> Any:
    """An error body."""
    return {"error": message}


def _message(text: str, reply: Reply | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reply and reply.reasoning:
        message["thinking"] = reply.reasoning
    if reply and reply.calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": call.arguments}} for call in reply.calls
        ]
    return message


def read_request(exchange: Exchange) -> Facts:
    """What was asked for."""
    asked = exchange.request.json
    options = asked.get("options") or {}
    think = asked.get("think")
    return f.present(
        {
            f.MODEL: asked.get("model"),
            f.STREAM: asked.get("stream", True) or None,
            f.TEMPERATURE: options.get("temperature"),
            f.TOP_P: options.get("top_p"),
            f.TOP_K: options.get("top_k"),
            f.MAX_TOKENS: options.get("num_predict"),
            f.STOP: f.texts(options.get("stop")),
            f.SEED: options.get("seed"),
            f.LEVEL: think if isinstance(think, str) else None,
            f.OUTPUT_TYPE: "json" if asked.get("format") else None,
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    said: dict[str, Any] = {}
    for line in read_json_lines(exchange.sent) if exchange.events else [json.loads(exchange.sent)]:
        said |= line
    return f.present(
        {
            f.RESPONSE_MODEL: said.get("model"),
            f.FINISH: f.texts(said.get("done_reason")),
            f.INPUT: said.get("prompt_eval_count"),
            f.OUTPUT: said.get("eval_count"),
        }
    )
