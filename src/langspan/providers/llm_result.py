"""Access to LangChain's `LLMResult` without relying on its shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from langspan._reading import as_list, as_text, stored
from langspan._values import as_mapping, is_present


def generations_of(result: object) -> list[Any]:
    """Return the generations (choices) for a run's single prompt; an empty list if there are none."""
    prompts = stored(result, "generations")
    prompts = prompts if type(prompts) is list else as_list(prompts)
    if not prompts:
        return []
    # A `ChatResult` holds a flat list of generations.
    first = prompts[0]
    found = first if type(first) is list else as_list(first)
    return list(prompts if found is None else found)


message_of: Final[Callable[[object], Any]] = partial(stored, name="message")
"""Return the message of a chat generation; None for a completion."""


class Answer(NamedTuple):
    """What a model call returned, read once for all who ask about it.

    Attributes:
        generations: The generations (choices) for the run's single prompt.
        messages: Their messages; None for a completion.
        output: `llm_output`, or an empty mapping.
    """

    generations: list[Any]
    messages: list[Any]
    output: Mapping[str, Any]


def answer_of(result: object) -> Answer:
    """Return the parts of an `LLMResult`: what `on_llm_end` receives, or the `response` of `on_llm_error`."""
    generations = generations_of(result)
    return Answer(generations, list(map(message_of, generations)), as_mapping(stored(result, "llm_output")))


def backend_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the `model_provider` that a provider package wrote into `response_metadata`, or None."""
    backend = metadata.get("model_provider")
    return backend if type(backend) is str else as_text(backend)


def is_streamed(message: object) -> bool:
    """Return whether a message was merged from chunks, so that LangChain may have concatenated strings."""
    kind = stored(message, "type")
    return type(kind) is str and kind == "AIMessageChunk"


def is_closing(chunk: object) -> bool:
    """Return whether a streamed chunk is the empty one that LangChain itself adds at the end of a stream."""
    message = message_of(chunk)
    is_last = as_text(stored(message, "chunk_position")) == "last"
    return is_last and not is_present(stored(message, "tool_call_chunks"))


def undo_repeated_chunks(text: str) -> str:
    """Return one copy of a string that LangChain concatenated from several chunks: `stopstop` -> `stop`."""
    period = (text + text).find(text, 1)
    return text[:period] if 3 <= period < len(text) else text  # noqa: PLR2004 - shorter than any name
