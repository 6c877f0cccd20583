"""Dialects of chat completions.

Sources: learn.microsoft.com/azure/ai-services/openai/reference, docs.mistral.ai/api,
console.groq.com/docs/api-reference, api-docs.deepseek.com/api/create-chat-completion,
docs.x.ai/docs/api-reference, docs.together.ai/reference/chat-completions-1,
docs.fireworks.ai/api-reference/post-chatcompletions.
"""

from __future__ import annotations

from typing import Any

from support.providers import facts as f
from support.providers.facts import Facts, at
from support.providers.openai_chat import ChatCompletions
from support.providers.replies import Reply
from support.providers.server import Exchange


class _Azure(ChatCompletions):
    """The deployment in the path names the model."""

    def read_request(self, exchange: Exchange) -> Facts:
        """What was asked for."""
        _, _, deployment = exchange.request.path.partition("/deployments/")
        return super().read_request(exchange) | {f.MODEL: deployment.partition("/")[0]}


class _Plain(ChatCompletions):
    """Usage without details."""

    def usage(self, reply: Reply) -> dict[str, Any]:
        """The usage object."""
        counted = reply.usage
        assert counted
        return {
            "prompt_tokens": counted.input,
            "completion_tokens": counted.output,
            "total_tokens": counted.input + counted.output,
        }


class _Sparse(_Plain):
    """Details only where there is something to tell."""

    def usage(self, reply: Reply) -> dict[str, Any]:
        """The usage object."""
        usage = super().usage(reply)
        if reply.usage and reply.usage.cache_read is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": reply.usage.cache_read}
        if reply.usage and reply.usage.reasoning is not None:
            usage["completion_tokens_details"] = {"reasoning_tokens": reply.usage.reasoning}
        return usage


class _Mistral(_Sparse):
    """Its own word for the seed; errors are flat."""

    def read_request(self, exchange: Exchange) -> Facts:
        """What was asked for."""
        seed = exchange.request.json.get("random_seed")
        return super().read_request(exchange) | f.present({f.SEED: seed})

    def error(self, status: int, message: str) -> Any:
        """An error body."""
        return {
            "object": "error",
            "message": message,
            "type": "some_error",
            "param": None,
            "code": f"{status}",
        }


class _Groq(ChatCompletions):
    """A stream's usage comes in a field of Groq's own, beside the last choice."""

    def usage(self, reply: Reply) -> dict[str, Any]:
        """The usage object: details only where there is something to tell."""
        counted = reply.usage
        assert counted
        usage: dict[str, Any] = {
            "queue_time": 0.037493756,
            "prompt_tokens": counted.input,
            "prompt_time": 0.000680594,
            "completion_tokens": counted.output,
            "completion_time": 0.463333333,
            "total_tokens": counted.input + counted.output,
            "total_time": 0.464013927,
        }
        if counted.cache_read is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": counted.cache_read}
        if counted.reasoning is not None:
            usage["completion_tokens_details"] = {"reasoning_tokens": counted.reasoning}
        return usage

    def _chunks(self, reply: Reply, common: dict[str, Any], count: int) -> Any:
        chunks = list(super()._chunks(reply, common, count))
        if reply.usage:
            chunks[-1]["x_groq"] = {"id": "req_01jbd6g2qdfw2adyrt2az8hz4w", "usage": self.usage(reply)}
        yield from chunks

    def read_usage(self, said: dict[str, Any]) -> Facts:
        """What was counted."""
        return super().read_usage({"usage": at(said, "x_groq", "usage") or said.get("usage")})


class _DeepSeek(ChatCompletions):
    """Cached tokens are counted as hits and misses."""

    def usage(self, reply: Reply) -> dict[str, Any]:
        """The usage object."""
        counted = reply.usage
        assert counted
        hits = counted.cache_read or 0
        return {
            "prompt_tokens": counted.input,
            "completion_tokens": counted.output,
            "total_tokens": counted.input + counted.output,
            "prompt_cache_hit_tokens": hits,
            "prompt_cache_miss_tokens": counted.input - hits,
            "completion_tokens_details": {"reasoning_tokens": counted.reasoning or 0},
        }

    def read_usage(self, said: dict[str, Any]) -> Facts:
        """What was counted."""
        return super().read_usage(said) | f.present(
            {f.CACHE_READ: at(said, "usage", "prompt_cache_hit_tokens")}
        )


class _XAI(ChatCompletions):
    """Reasoning is counted beside the completion, not within it."""

    def usage(self, reply: Reply) -> dict[str, Any]:
        """The usage object."""
        counted = reply.usage
        assert counted
        thought, read = counted.reasoning or 0, counted.cache_read or 0
        return {
            "prompt_tokens": counted.input,
            "completion_tokens": counted.output - thought,
            "total_tokens": counted.input + counted.output,
            "prompt_tokens_details": {
                "text_tokens": counted.input,
                "audio_tokens": 0,
                "image_tokens": 0,
                "cached_tokens": read,
            },
            "completion_tokens_details": {
                "reasoning_tokens": thought,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            "num_sources_used": 0,
        }

    def read_usage(self, said: dict[str, Any]) -> Facts:
        """What was counted; the conventions' output includes reasoning."""
        facts = super().read_usage(said)
        details = at(said, "usage", "prompt_tokens_details")
        if f.OUTPUT in facts:
            facts[f.OUTPUT] += facts.get(f.REASONING, 0)
        return facts | f.present(
            {f.TEXT_IN: at(details, "text_tokens"), f.IMAGE_IN: at(details, "image_tokens")}
        )


AZURE = _Azure()
MISTRAL = _Mistral(
    id="cmpl-e5cc70bb28c444948073e77776eb30ef",
    model="mistral-small-2506",
    common={},
    endings={"stop": "stop", "length": "length", "tool": "tool_calls", "filter": "error"},
    openai=False,
    usage_asked=False,
)
GROQ = _Groq(
    id="chatcmpl-f51b2cd2-bef7-417e-964e-a08f0b513c22",
    model="openai/gpt-oss-20b-0825",
    common={"system_fingerprint": "fp_179b0f92c9"},
    endings={"stop": "stop", "length": "length", "tool": "tool_calls", "filter": "stop"},
    thoughts="reasoning",
    openai=False,
)
DEEPSEEK = _DeepSeek(
    id="930c60df-bf64-41c9-a88e-3ec75f81e00e",
    model="deepseek-v3.2-exp",
    common={"system_fingerprint": "fp_a49d71b8a1"},
    openai=False,
)
XAI = _XAI(
    id="a3d1008e-4544-40d4-d075-11527e794e4a",
    model="grok-4-0709",
    common={"system_fingerprint": "fp_156d35dcaa"},
    openai=False,
)
TOGETHER = _Plain(
    id="nz7rxFH-2kFHot-8e8a2bfa2d8a2c4f",
    model="Qwen/Qwen2.5-7B-Instruct-Turbo-0926",
    common={},
    endings={"stop": "eos", "length": "length", "tool": "tool_calls", "filter": "stop"},
    openai=False,
)
FIREWORKS = _Sparse(
    id="8dd2b5e5-6d3f-4a8f-9d92-2f1a9a7d2a55",
    model="accounts/fireworks/models/gpt-oss-20b-0825",
    common={},
    openai=False,
)
TGI = _Plain(
    id="",
    model="meta-llama/Llama-3.2-3B-Instruct-0925",
    common={"system_fingerprint": "3.2.1-sha-4d28897"},
    openai=False,
)
