"""Facts of an answer that LangChain's packages drop on the way: its id, and the model that gave it.

What a provider sent passes through a function that makes a message of it. That function is observed: the
first chunk that tells an id or a model tells all there is to know, and it is kept on the run that is current.
Each package's function is private, so without it the fact is absent and nothing is said.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final, TypeAlias

from langspan._guard import Guard
from langspan.kinds.base import AgentCall
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.providers.told import (
    anthropic_event_facts,
    completion_facts,
    gemini_facts,
    response_event_facts,
)
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

Facts: TypeAlias = Mapping[str, str]
Read: TypeAlias = Callable[[Any], Facts]

_MODEL: Final = AgentCall.MODEL


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Patch each package's functions as soon as the package is imported.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: Its recorder knows the runs.
    """
    for module, functions in _FUNCTIONS.items():
        patch = functools.partial(_patch, ledger, guard, functions=functions, recorder=handler.recorder)
        ledger.when_imported(guard, module, patch)


def _patch(
    ledger: Ledger, guard: Guard, module: ModuleType, *, functions: Mapping[str, Read], recorder: Recorder
) -> None:
    for path, read in functions.items():
        cls, _, name = path.rpartition(".")
        owner = getattr(module, cls, None) if cls else module
        if owner is not None:
            ledger.wrap(owner, name, _observing(guard, recorder, read))


def _observing(guard: Guard, recorder: Recorder, read: Read) -> Wrapper:
    """Wrap a function whose first argument is what a provider sent."""

    def note(instance: Any, answer: Any) -> None:
        run = recorder.innermost()
        if run is not None and not run.told and _is_call_of(run, instance):
            run.told = read(answer)

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            guard.call(note, instance, args[0])
        return wrapped(*args, **kwargs)

    return wrapper


def _is_call_of(run: Run, model: Any) -> bool:
    """Whether a run is an open call of that model; a function of its module does not know the model."""
    if not run.is_open or not run.needs_attributes or run.kind.counts_as is not _MODEL:
        return False
    return model is None or run.call is None or run.call.instance is model


# Module -> function or method -> what reads its first argument.
_FUNCTIONS: Final[Mapping[str, Mapping[str, Read]]] = {
    "langchain_openai.chat_models.base": {
        "BaseChatOpenAI._convert_chunk_to_generation_chunk": completion_facts,
        "_convert_responses_chunk_to_generation_chunk": response_event_facts,
    },
    "langchain_openai.llms.base": {"_stream_response_to_generation_chunk": completion_facts},
    "langchain_anthropic.chat_models": {
        "ChatAnthropic._make_message_chunk_from_anthropic_event": anthropic_event_facts
    },
    "langchain_google_genai.chat_models": {"_response_to_result": gemini_facts},
    "langchain_mistralai.chat_models": {
        "_convert_chunk_to_message_chunk": completion_facts,
        "ChatMistralAI._create_chat_result": completion_facts,
    },
    "langchain_groq.chat_models": {
        "_convert_chunk_to_message_chunk": completion_facts,
        "ChatGroq._create_chat_result": completion_facts,
    },
    "langchain_fireworks.chat_models": {
        "_convert_chunk_to_message_chunk": completion_facts,
        "ChatFireworks._create_chat_result": completion_facts,
    },
    "langchain_huggingface.chat_models.huggingface": {
        "_convert_chunk_to_message_chunk": completion_facts,
        "ChatHuggingFace._create_chat_result": completion_facts,
    },
}
