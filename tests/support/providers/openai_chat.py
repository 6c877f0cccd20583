"""OpenAI's chat completions, and the many APIs made after it.

Source: platform.openai.com/docs/api-reference/chat (object, chunk object, errors).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.frames import EVENT_STREAM, read_sse, sse
from support.providers.replies import Call, Reply
from support.providers.server import Answer, Exchange, Request, json_answer

_ENDINGS = {
    "stop": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
    "refusal": "stop",
}


@dataclass(frozen=True)
class ChatCompletions:
    """The API, as OpenAI or somebody else serves it.

    Attributes:
        id: Of every response.
        model: That answers.
        common: More fields of every object.
        endings: The words for how an answer ends.
        thoughts: The field that reasoning comes in.
        openai: Whether this is OpenAI's own, so that its extra facts count.
        usage_asked: Whether usage comes in a stream on request only, after the last choice; else it comes
            unasked, beside it.
    """

    id: str = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"
    model: str = "gpt-4o-mini-2024-07-18"
    common: Mapping[str, Any] = field(default_factory=lambda: {"system_fingerprint": "fp_44709d6fcb"})
    endings: Mapping[str, str] = field(default_factory=lambda: _ENDINGS)
    thoughts: str = "reasoning_content"
    openai: bool = True
    usage_asked: bool = True

    def answer(self, request: Request, reply: Reply) -> Answer:
        """Answer as the API does: streamed if the request says so, with usage in the stream if asked."""
        asked = request.json
        common = {"id": self.id, "created": 1741569952, "model": self.model, **self.common}
        if asked.get("service_tier"):
            common["service_tier"] = "default"
        counts = {"usage": self.usage(reply)} if reply.usage else {}
        if not asked.get("stream"):
            choices = [self._choice(index, reply) for index in range(asked.get("n") or 1)]
            return json_answer(common | {"object": "chat.completion", "choices": choices} | counts)
        common["object"] = "chat.completion.chunk"
        chunks = list(self._chunks(reply, common, asked.get("n") or 1))
        if not self.usage_asked:
            chunks[-1] |= counts
        elif counts and at(asked, "stream_options", "include_usage"):
            chunks.append(common | {"choices": []} | counts)
        return Answer(sse(chunks, last="[DONE]"), EVENT_STREAM)

    def error(self, status: int, message: str) -> Any:
        """An error body."""
        return {"error": {"message": message, "type": "some_error", "param": None, "code": f"code_{status}"}}

    def usage(self, reply: Reply) -> dict[str, Any]:
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

    def _choice(self, index: int, reply: Reply) -> dict[str, Any]:
        text = "".join(reply.text) or None
        refused = reply.ending == "refusal"
        message: dict[str, Any] = {"role": "assistant", "content": None if refused else text}
        if self.openai:
            message |= {"refusal": text if refused else None, "annotations": []}
        if reply.reasoning:
            message[self.thoughts] = reply.reasoning
        if reply.calls:
            message["tool_calls"] = [_call(call) for call in reply.calls]
        reason = self.endings[reply.ending]
        return {"index": index, "message": message, "logprobs": None, "finish_reason": reason}

    def _chunks(self, reply: Reply, common: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
        def chunk(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
            return common | {"choices": [choice]}

        for index in range(count):
            yield chunk(index, {"role": "assistant", "content": ""})
            if reply.reasoning:
                yield chunk(index, {self.thoughts: reply.reasoning})
            kind = "refusal" if reply.ending == "refusal" else "content"
            for text in reply.text:
                yield chunk(index, {kind: text})
            for position, call in enumerate(reply.calls):
                yield chunk(index, {"tool_calls": [{"index": position} | _call(call)]})
        for index in range(count):
            yield chunk(index, {"content": ""}, self.endings[reply.ending])

    def read_request(self, exchange: Exchange) -> Facts:
        """What was asked for."""
        asked = exchange.request.json
        tier = asked.get("service_tier")
        return f.present(
            {
                f.MODEL: asked.get("model"),
                f.STREAM: asked.get("stream") or None,
                f.TEMPERATURE: asked.get("temperature"),
                f.TOP_P: asked.get("top_p"),
                f.TOP_K: asked.get("top_k"),
                f.FREQUENCY: asked.get("frequency_penalty"),
                f.PRESENCE: asked.get("presence_penalty"),
                f.MAX_TOKENS: asked.get("max_completion_tokens", asked.get("max_tokens")),
                f.STOP: f.texts(asked.get("stop")),
                f.SEED: asked.get("seed"),
                f.CHOICES: f.many(asked.get("n")),
                f.LEVEL: asked.get("reasoning_effort"),
                f.OUTPUT_TYPE: output_type(at(asked, "response_format", "type")),
                f.TIER_ASKED: tier if self.openai and tier != "auto" else None,
            }
        )

    def read_response(self, exchange: Exchange) -> Facts:
        """What was answered."""
        reasons: dict[int, str] = {}
        said: dict[str, Any] = {}
        for item in read_sse(exchange.sent) if exchange.events else [json.loads(exchange.sent)]:
            for choice in item.get("choices") or ():
                if choice.get("finish_reason"):
                    reasons[choice["index"]] = choice["finish_reason"]
            said |= {key: value for key, value in item.items() if value is not None}
        facts = {
            f.ID: said.get("id") or None,
            f.RESPONSE_MODEL: said.get("model"),
            f.FINISH: [reasons[index] for index in sorted(reasons)] or None,
        }
        if self.openai:
            facts |= {f.TIER: said.get("service_tier"), f.FINGERPRINT: said.get("system_fingerprint")}
        return f.present(facts) | self.read_usage(said)

    def read_usage(self, said: dict[str, Any]) -> Facts:
        """What was counted; `said` is the response, or all of a stream."""
        counts = said.get("usage")
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


OPENAI = ChatCompletions()


def output_type(kind: Any) -> str | None:
    """What a response format's type asks for."""
    return {"json_object": "json", "json_schema": "json", "text": "text"}.get(kind)


def _call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}
