"""OpenAI's legacy completions.

Source: platform.openai.com/docs/api-reference/completions.
"""

from __future__ import annotations

from typing import Any

from support.providers.frames import EVENT_STREAM, sse
from support.providers.openai_chat import OPENAI
from support.providers.replies import Reply
from support.providers.server import Answer, Request, json_answer

ID = "cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7"
MODEL = "gpt-3.5-turbo-instruct:20230824-v2"
error, read_request, read_response = OPENAI.error, OPENAI.read_request, OPENAI.read_response
_ENDINGS = {"stop": "stop", "length": "length", "filter": "content_filter"}


def answer(request: Request, reply: Reply) -> Answer:
    """Answer as the API does: streamed if the request says so, with usage in the stream if asked."""
    asked = request.json
    common = {"id": ID, "object": "text_completion", "created": 1589478378, "model": MODEL}
    common["system_fingerprint"] = "fp_44709d6fcb"
    prompts = asked["prompt"] if isinstance(asked["prompt"], list) else [asked["prompt"]]
    reason, count = _ENDINGS[reply.ending], len(prompts) * (asked.get("n") or 1)

    def choice(index: int, text: str, reason: str | None) -> dict[str, Any]:
        return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}

    counts = {"usage": OPENAI.usage(reply)} if reply.usage else {}
    if not asked.get("stream"):
        choices = [choice(index, "".join(reply.text), reason) for index in range(count)]
        return json_answer(common | {"choices": choices} | counts)
    chunks = [common | {"choices": [choice(0, text, None)]} for text in reply.text]
    chunks.append(common | {"choices": [choice(0, "", reason)]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        chunks.append(common | {"choices": []} | counts)
    return Answer(sse(chunks, last="[DONE]"), EVENT_STREAM)
