"""Our handler and LangChain's: the same events, with parameters of the same names.

LangChain passes some arguments by keyword on one path and by position on another, so a parameter of another
name breaks one of them only.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.base import BaseTracer

import langspan
from langspan.langchain.handler import RecordingHandler

EVENTS = [name for name in dir(BaseCallbackHandler) if name.startswith("on_")]
IGNORES = [name for name in dir(BaseCallbackHandler) if name.startswith("ignore_")]
KEYWORDS = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)


def _positional(owner: type, event: str) -> list[str]:
    parameters = inspect.signature(getattr(owner, event)).parameters.values()
    return [each.name for each in parameters if each.kind not in KEYWORDS]


def _keywords(owner: type, event: str) -> set[str]:
    parameters = inspect.signature(getattr(owner, event)).parameters.values()
    return {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_heard(event: str) -> None:
    assert event in vars(RecordingHandler)


@pytest.mark.parametrize("event", EVENTS)
def test_positional_parameters_have_langchains_names(event: str) -> None:
    assert _positional(BaseCallbackHandler, event) == _positional(RecordingHandler, event)


@pytest.mark.parametrize("event", EVENTS)
def test_keywords_have_langchains_names(event: str) -> None:
    """A name that LangChain may leave out has to be optional with us."""
    ours = inspect.signature(getattr(RecordingHandler, event)).parameters
    known = _keywords(BaseCallbackHandler, event) | {"name", "chunk"}

    assert set() == {
        name
        for name in _keywords(RecordingHandler, event)
        if name not in known or (name != "run_id" and ours[name].default is inspect.Parameter.empty)
    }


@pytest.mark.parametrize("event", EVENTS)
def test_keywords_of_later_versions_are_taken(event: str) -> None:
    parameters = inspect.signature(getattr(RecordingHandler, event)).parameters.values()

    assert any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)


@pytest.mark.parametrize("event", [event for event in EVENTS if event.endswith("_start")])
def test_every_start_has_its_end_and_its_error(event: str) -> None:
    kind = event.removeprefix("on_").removesuffix("_start").replace("chat_model", "llm")

    assert {f"on_{kind}_end", f"on_{kind}_error"} <= set(vars(RecordingHandler))


def test_a_token_is_called_token() -> None:
    """By keyword in synchronous calls, by position in asynchronous ones."""
    assert ["self", "token"] == _positional(RecordingHandler, "on_llm_new_token")


@pytest.mark.parametrize("event", ["on_interrupt", "on_resume"])
def test_lifecycle_events_have_langgraphs_parameters(event: str) -> None:
    callbacks = pytest.importorskip("langgraph.callbacks", reason="this LangGraph tells of no interrupts")

    assert _positional(callbacks.GraphCallbackHandler, event) == _positional(RecordingHandler, event)


@pytest.mark.parametrize("name", IGNORES)
def test_nothing_is_ignored(name: str, handler: Any) -> None:
    assert False is getattr(handler, name)


@pytest.mark.parametrize("name", IGNORES)
def test_a_silenced_handler_ignores_all(name: str, handler: Any) -> None:
    handler.silence()

    assert True is getattr(handler, name)


@pytest.fixture
def handler() -> langspan.CallbackHandler:
    return langspan.CallbackHandler()


def test_the_handler_runs_where_it_is_called(handler: Any) -> None:
    assert handler.run_inline


def test_the_handler_raises_nothing_into_a_run(handler: Any) -> None:
    assert not handler.raise_error


def test_the_handler_turns_no_call_into_a_stream(handler: Any) -> None:
    """LangChain streams as soon as a handler merely has methods of these names."""
    assert [] == [name for name in dir(handler) if name.startswith("tap_output_")]


def test_the_handler_is_a_tracer_to_langgraph_and_inherits_from_none(handler: Any) -> None:
    """LangGraph redacts by policy what it shows to tracers."""
    assert (True, False) == (isinstance(handler, BaseTracer), BaseTracer in type(handler).__mro__)
