"""Access to LangChain's `LLMResult` without relying on its shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from langspan._reading import as_list, as_text, fields_named, stored
from langspan._values import EMPTY, as_mapping, is_present


def generations_of(result: object) -> list[Any]:
    """Return the generations (choices) for a run's single prompt; an empty list if there are none."""
    return _of_single_prompt(stored(result, "generations"))


def _of_single_prompt(prompts: object) -> list[Any]:
    prompts = prompts if type(prompts) is list else as_list(prompts)
    if not prompts:
        return []
    # A `ChatResult` holds a flat list of generations.
    first = prompts[0]
    found = first if type(first) is list else as_list(first)
    return list(prompts if found is None else found)


message_of: Final[Callable[[object], Any]] = partial(stored, name="message")
"""Return the message of a chat generation; None for a completion."""


class Choice(NamedTuple):
    """One of a model's answers to a prompt, read once for all who ask about it.

    Attributes:
        generation: The fields of LangChain's generation.
        message: The fields of its message; None for a completion.
        metadata: `response_metadata` of the message, or an empty mapping.
        info: `generation_info`, or an empty mapping.
        is_streamed: Whether the message was merged from chunks: LangChain may have joined its texts.
    """

    generation: Mapping[str, Any]
    message: Mapping[str, Any] | None
    metadata: Mapping[str, Any]
    info: Mapping[str, Any]
    is_streamed: bool


class Answer(NamedTuple):
    """What a model call returned.

    Attributes:
        choices: The choices for the run's single prompt.
        output: `llm_output`, or an empty mapping.
    """

    choices: list[Choice]
    output: Mapping[str, Any]


_OF_RESULT: Final = ("generations", "llm_output")
_OF_GENERATION: Final = ("message", "generation_info", "text")
_OF_MESSAGE: Final = ("type", "id", "content", "response_metadata", "usage_metadata", "tool_calls")


def answer_of(result: object) -> Answer:
    """Return the parts of an `LLMResult`: what `on_llm_end` receives, or the `response` of `on_llm_error`."""
    fields = fields_named(result, _OF_RESULT)
    output = fields.get("llm_output")
    choices = list(map(choice_of, _of_single_prompt(fields.get("generations"))))
    return Answer(choices, output if type(output) is dict else as_mapping(output))


def choice_of(generation: object) -> Choice:
    """Return the parts of one generation."""
    fields = fields_named(generation, _OF_GENERATION)
    message, info = fields.get("message"), fields.get("generation_info")
    info = info if type(info) is dict else as_mapping(info)
    if message is None:
        return Choice(fields, None, EMPTY, info, is_streamed=False)
    return choice_of_message(message, fields, info)


def choice_of_message(
    message: object, generation: Mapping[str, Any] = EMPTY, info: Mapping[str, Any] = EMPTY
) -> Choice:
    """Return the parts of a message, with the fields of its generation and `generation_info` if known."""
    held = fields_named(message, _OF_MESSAGE)
    metadata, kind = held.get("response_metadata"), held.get("type")
    return Choice(
        generation,
        held,
        metadata if type(metadata) is dict else as_mapping(metadata),
        info,
        is_streamed=type(kind) is str and kind == "AIMessageChunk",
    )


def backend_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the `model_provider` that a provider package wrote into `response_metadata`, or None."""
    backend = metadata.get("model_provider")
    return backend if type(backend) is str else as_text(backend)


def is_closing(chunk: object) -> bool:
    """Return whether a streamed chunk is the empty one that LangChain itself adds at the end of a stream."""
    message = message_of(chunk)
    is_last = as_text(stored(message, "chunk_position")) == "last"
    return is_last and not is_present(stored(message, "tool_call_chunks"))


def undo_repeated_chunks(text: str) -> str:
    """Return one copy of a string that LangChain concatenated from several chunks: `stopstop` -> `stop`."""
    period = (text + text).find(text, 1)
    return text[:period] if 3 <= period < len(text) else text  # noqa: PLR2004 - shorter than any name
