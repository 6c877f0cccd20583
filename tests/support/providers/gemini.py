"""Gemini's generateContent, as the Gemini API and Vertex AI serve it.

Source: ai.google.dev/api/generate-content.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.replies import Reply
from support.providers.server import Answer, Exchange, Request, json_answer

ID = "pVl6aJ2mDpqMvdIPoKq9yAc"
MODEL = "gemini-2.5-flash-preview-09-2025"
_ENDINGS = {"stop": "STOP", "length": "MAX_TOKENS", "tool": "STOP", "filter": "SAFETY"}
_STATUSES = {401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: the method in the path asks for a stream."""
    if reply.ending == "refusal":
        steps = [_response([], reply, 1.0) | {"promptFeedback": {"blockReason": "SAFETY"}}]
    elif _streams(request):
        steps = list(_steps(request, reply))
    else:
        steps = [_response(_candidates(request, _parts(reply), _ENDINGS[reply.ending]), reply, 1.0)]
    if _streams(request):
        return Answer(sse(steps), EVENT_STREAM)
    return json_answer(steps[0])


def error(status: int, message: str) -> Any:
    """An error body."""
    return {"error": {"code": status, "message": message, "status": _STATUSES[status]}}


def _streams(request: Request) -> bool:
    return ":streamGenerateContent" in request.path


def _response(candidates: list[dict[str, Any]], reply: Reply, share: float) -> dict[str, Any]:
    response: dict[str, Any] = {"modelVersion": MODEL, "responseId": ID}
    if candidates:
        response["candidates"] = candidates
    if reply.usage:
        response["usageMetadata"] = _usage(reply, share)
    return response


def _usage(reply: Reply, share: float) -> dict[str, Any]:
    """Counts so far: each chunk of a stream repeats and extends them. Thoughts lie beside the candidates."""
    counted = reply.usage
    assert counted
    thought = counted.reasoning or 0
    seen = int((counted.output - thought) * share)
    usage: dict[str, Any] = {
        "promptTokenCount": counted.input,
        "candidatesTokenCount": seen,
        "totalTokenCount": counted.input + seen + thought,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": counted.input}],
    }
    if counted.reasoning is not None:
        usage["thoughtsTokenCount"] = thought
    if counted.cache_read is not None:
        usage["cachedContentTokenCount"] = counted.cache_read
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": counted.cache_read}]
    return usage


def _parts(reply: Reply) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if reply.reasoning:
        parts.append({"text": reply.reasoning, "thought": True})
    if reply.text:
        parts.append({"text": "".join(reply.text)})
    return parts + [{"functionCall": {"name": call.name, "args": call.arguments}} for call in reply.calls]


def _candidates(request: Request, parts: list[dict[str, Any]], reason: str | None) -> list[dict[str, Any]]:
    count = at(request.json, "generationConfig", "candidateCount") or 1
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
    if reason:
        candidate["finishReason"] = reason
    return [candidate | {"index": index} for index in range(count)]


def _steps(request: Request, reply: Reply) -> Iterator[dict[str, Any]]:
    parts = [part for part in _parts(reply) if "text" not in part or part.get("thought")]
    parts[len(parts) - len(reply.calls) : len(parts) - len(reply.calls)] = [
        {"text": text} for text in reply.text
    ]
    for number, part in enumerate(parts, 1):
        reason = _ENDINGS[reply.ending] if number == len(parts) else None
        yield _response(_candidates(request, [part], reason), reply, number / len(parts))


def read_request(exchange: Exchange) -> Facts:
    """What was asked for; model and method are in the path."""
    asked = exchange.request.json
    config = asked.get("generationConfig") or {}
    mime = config.get("responseMimeType")
    thinking = config.get("thinkingConfig")  # the SDK hands a mapping on as it is: in snake case
    return f.present(
        {
            f.MODEL: exchange.request.path.rpartition("/models/")[2].partition(":")[0],
            f.STREAM: _streams(exchange.request) or None,
            f.TEMPERATURE: config.get("temperature"),
            f.TOP_P: config.get("topP"),
            f.TOP_K: config.get("topK"),
            f.MAX_TOKENS: config.get("maxOutputTokens"),
            f.STOP: f.texts(config.get("stopSequences")),
            f.SEED: config.get("seed"),
            f.FREQUENCY: config.get("frequencyPenalty"),
            f.PRESENCE: config.get("presencePenalty"),
            f.CHOICES: f.many(config.get("candidateCount")),
            f.LEVEL: at(thinking, "thinking_level") or at(thinking, "thinkingLevel"),
            f.BUDGET: at(thinking, "thinking_budget") or at(thinking, "thinkingBudget"),
            f.OUTPUT_TYPE: "json" if mime == "application/json" else None,
        }
    )


def read_response(exchange: Exchange) -> Facts:
    """What was answered."""
    said: dict[str, Any] = {}
    reasons: dict[int, str] = {}
    for step in read_sse(exchange.sent) if exchange.events else [json.loads(exchange.sent)]:
        said |= step
        for candidate in step.get("candidates", ()):
            if reason := candidate.get("finishReason"):
                reasons[candidate["index"]] = reason
    usage = said.get("usageMetadata")
    answered, thought = at(usage, "candidatesTokenCount"), at(usage, "thoughtsTokenCount")
    return f.present(
        {
            f.ID: said.get("responseId"),
            f.RESPONSE_MODEL: said.get("modelVersion"),
            f.FINISH: [reasons[index] for index in sorted(reasons)] or None,
            f.INPUT: at(usage, "promptTokenCount"),
            f.OUTPUT: None if answered is None else answered + (thought or 0),
            f.CACHE_READ: at(usage, "cachedContentTokenCount"),
            f.REASONING: thought,
            f.TEXT_IN: at(usage, "promptTokensDetails", 0, "tokenCount"),
        }
    )
