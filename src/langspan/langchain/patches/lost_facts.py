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
from langspan._values import as_str
from langspan.kinds.base import AgentCall
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

Facts: TypeAlias = Mapping[str, str]
Read: TypeAlias = Callable[[Any], Facts]

_COMPLETION: Final = {name: name for name in ("id", "model", "system_fingerprint", "service_tier")}
_GEMINI: Final = {"response_id": "id", "model_version": "model"}
_MESSAGE: Final = {"id": "id", "model": "model"}
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


def _texts(source: Any, fields: Mapping[str, str]) -> Facts:
    """Return the texts under known names in a mapping or an object, by the names that OpenAI gives them."""
    known = source if isinstance(source, Mapping) else getattr(source, "__dict__", {})
    found = {fact: as_str(known.get(field)) for field, fact in fields.items()}
    return {fact: text for fact, text in found.items() if text is not None}


def _completion(answer: Any) -> Facts:
    """Read a chat completion or a chunk of one; OpenAI's SDK wraps the chunks that it parses."""
    if isinstance(answer, Mapping) and isinstance(answer.get("chunk"), Mapping):
        answer = answer["chunk"]
    facts = _texts(answer, _COMPLETION)
    return facts if "id" in facts or "model" in facts else {}


def _response_event(event: Any) -> Facts:
    """Read the event that a stream of OpenAI's Responses API begins with."""
    response = getattr(event, "response", None)
    return {} if response is None else _completion(response)


def _anthropic_event(event: Any) -> Facts:
    """Read the event that a stream of Anthropic's begins with."""
    message = getattr(event, "message", None)
    return {} if message is None else _texts(message, _MESSAGE)


def _gemini(response: Any) -> Facts:
    return _texts(response, _GEMINI)


# Module -> function or method -> what reads its first argument.
_FUNCTIONS: Final[Mapping[str, Mapping[str, Read]]] = {
    "langchain_openai.chat_models.base": {
        "BaseChatOpenAI._convert_chunk_to_generation_chunk": _completion,
        "_convert_responses_chunk_to_generation_chunk": _response_event,
    },
    "langchain_openai.llms.base": {"_stream_response_to_generation_chunk": _completion},
    "langchain_anthropic.chat_models": {
        "ChatAnthropic._make_message_chunk_from_anthropic_event": _anthropic_event
    },
    "langchain_google_genai.chat_models": {"_response_to_result": _gemini},
    "langchain_mistralai.chat_models": {
        "_convert_chunk_to_message_chunk": _completion,
        "ChatMistralAI._create_chat_result": _completion,
    },
    "langchain_groq.chat_models": {
        "_convert_chunk_to_message_chunk": _completion,
        "ChatGroq._create_chat_result": _completion,
    },
    "langchain_fireworks.chat_models": {
        "_convert_chunk_to_message_chunk": _completion,
        "ChatFireworks._create_chat_result": _completion,
    },
    "langchain_huggingface.chat_models.huggingface": {
        "_convert_chunk_to_message_chunk": _completion,
        "ChatHuggingFace._create_chat_result": _completion,
    },
}
