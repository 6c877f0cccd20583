"""Access to LangChain's `LLMResult` without relying on its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langspan._values import as_mapping


def generations_of(result: object) -> list[Any]:
    """Return the generations (choices) for a run's single prompt; an empty list if there are none."""
    prompts = getattr(result, "generations", None)
    if not isinstance(prompts, list) or not prompts:
        return []
    first = prompts[0]
    # A `ChatResult` holds a flat list of generations.
    return first if isinstance(first, list) else prompts


def output_of(result: object) -> Mapping[str, Any]:
    """Return `llm_output`, or an empty mapping."""
    return as_mapping(getattr(result, "llm_output", None))


def message_of(generation: object) -> Any:
    """Return the message of a chat generation; None for a completion."""
    return getattr(generation, "message", None)


def backend_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the `model_provider` that a provider package wrote into `response_metadata`, or None."""
    backend = metadata.get("model_provider")
    return backend if isinstance(backend, str) else None


def is_streamed(message: object) -> bool:
    """Return whether a message was merged from chunks, so that LangChain may have concatenated strings."""
    return getattr(message, "type", None) == "AIMessageChunk"


def is_closing(chunk: object) -> bool:
    """Return whether a streamed chunk is the empty one that LangChain itself adds at the end of a stream."""
    message = message_of(chunk)
    return getattr(message, "chunk_position", None) == "last" and not getattr(
        message, "tool_call_chunks", None
    )


def undo_repeated_chunks(text: str) -> str:
    """Return one copy of a string that LangChain concatenated from several chunks: `stopstop` -> `stop`."""
    period = (text + text).find(text, 1)
    return text[:period] if 3 <= period < len(text) else text  # noqa: PLR2004 - shorter than any name
