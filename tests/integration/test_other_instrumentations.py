"""Wrappers that somebody else puts on the methods that we wrap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import wrapt
from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.language_models import BaseChatModel

from support.listeners import Listener
from support.models import ScriptedChat, ScriptedLLM
from support.recording import Recording, instrumented


def _counting(calls: list[str]) -> Any:
    def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        calls.append("called")
        return wrapped(*args, **kwargs)

    return wrapper


@pytest.fixture
def original_generate() -> Iterator[Any]:
    original = vars(BaseChatModel)["generate"]
    yield original
    BaseChatModel.generate = original  # type: ignore[method-assign]


def test_a_wrapper_that_somebody_put_over_ours_stays(recording: Recording, original_generate: Any) -> None:
    calls: list[str] = []
    with instrumented(recording):
        wrapt.wrap_function_wrapper(BaseChatModel, "generate", _counting(calls))
        theirs = vars(BaseChatModel)["generate"]
    ScriptedChat().invoke("hi")

    assert (theirs, ["called"], []) == (vars(BaseChatModel)["generate"], calls, recording.names())


def test_ours_over_theirs_over_ours_makes_one_span(recording: Recording, original_generate: Any) -> None:
    with instrumented(recording):
        wrapt.wrap_function_wrapper(BaseChatModel, "generate", _counting([]))
    with instrumented(recording):
        ScriptedChat(body=recording.tracer).invoke("hi")

    assert ["chat scripted-1", "chat scripted-1/http"] == recording.paths()


def test_a_wrapper_that_was_there_before_us_stays_in_use(
    recording: Recording, original_generate: Any
) -> None:
    calls: list[str] = []
    wrapt.wrap_function_wrapper(BaseChatModel, "generate", _counting(calls))
    theirs = vars(BaseChatModel)["generate"]
    with instrumented(recording):
        ScriptedChat().invoke("hi")

    assert (["called"], theirs) == (calls, vars(BaseChatModel)["generate"])


async def test_a_wrapper_of_a_managers_start_is_not_passed_over(recording: Recording) -> None:
    calls: list[str] = []
    original = vars(AsyncCallbackManager)["on_llm_start"]
    wrapt.wrap_function_wrapper(AsyncCallbackManager, "on_llm_start", _counting(calls))
    try:
        with instrumented(recording):
            await ScriptedLLM().ainvoke("hi", {"callbacks": [Listener()]})
    finally:
        AsyncCallbackManager.on_llm_start = original  # type: ignore[method-assign]

    assert calls
