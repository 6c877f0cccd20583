"""Events of runs that we were not told of: late handlers, foreign managers, evicted runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.callbacks.base import BaseCallbackHandler
from langchain_core.outputs import LLMResult

import langspan
from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from support.probe import LogWatch
from support.recording import Recording, instrumented, open_runs

ERROR = ValueError("no")
ENDS: dict[str, tuple[Any, ...]] = {
    "on_chain_end": ({},),
    "on_chain_error": (ERROR,),
    "on_llm_end": (LLMResult(generations=[]),),
    "on_llm_error": (ERROR,),
    "on_llm_new_token": ("a",),
    "on_stream_event": ({},),
    "on_tool_end": ("",),
    "on_tool_error": (ERROR,),
    "on_retriever_end": ([],),
    "on_retriever_error": (ERROR,),
    "on_custom_event": ("name", {}),
    "on_text": ("text",),
    "on_retry": (None,),
    "on_agent_action": (None,),
    "on_agent_finish": (None,),
}


def handler_of(handle: langspan.Instrumentation) -> RecordingHandler:
    return handle._handler


@pytest.mark.parametrize("event", ENDS)
def test_an_event_of_an_unknown_run_is_passed_over(recording: Recording, event: str) -> None:
    with LogWatch().watching() as log, instrumented(recording) as handle:
        getattr(handler_of(handle), event)(*ENDS[event], run_id=uuid4())

    assert [] == recording.spans
    assert [] == log.lines


def child_of(handle: langspan.Instrumentation, parent: UUID) -> None:
    """Start and end a chain whose parent nobody has told us of."""
    manager = CallbackManager(handlers=[handler_of(handle)], parent_run_id=parent)
    manager.on_chain_start(None, {}, name="child").on_chain_end({})


def test_a_child_of_an_unknown_run_is_a_root(recording: Recording) -> None:
    with instrumented(recording) as handle:
        child_of(handle, uuid4())

    assert ["child"] == recording.paths()


def test_a_child_of_an_unknown_run_joins_the_applications_span(recording: Recording) -> None:
    with instrumented(recording) as handle, recording.tracer.start_as_current_span("application"):
        child_of(handle, uuid4())

    assert ["application", "application/child"] == recording.paths()


def test_a_child_of_a_run_that_has_ended_hangs_under_it(recording: Recording) -> None:
    with instrumented(recording) as handle:
        manager = CallbackManager(handlers=[handler_of(handle)])
        parent = manager.on_chain_start(None, {}, name="parent")
        parent.on_chain_end({})
        child_of(handle, parent.run_id)

    assert ["parent", "parent/child"] == recording.paths()


def test_a_second_end_is_passed_over(recording: Recording) -> None:
    with LogWatch().watching() as log, instrumented(recording) as handle:
        run = CallbackManager(handlers=[handler_of(handle)]).on_chain_start(None, {}, name="chain")
        run.on_chain_end({})
        run.on_chain_end({})
        run.on_chain_error(ERROR)
        assert 0 == open_runs(handle)

    assert ["chain"] == recording.names()
    assert [] == log.lines


def test_a_second_start_of_the_same_run_ends_the_first(recording: Recording) -> None:
    with instrumented(recording) as handle:
        manager = CallbackManager(handlers=[handler_of(handle)])
        run_id = uuid4()
        manager.on_chain_start(None, {}, run_id, name="first")
        manager.on_chain_start(None, {}, run_id, name="second").on_chain_end({})

    assert ["first", "second"] == recording.names()
    assert "incomplete" == recording.named("first").attributes["langspan.outcome"]


def test_every_start_that_langchain_knows_has_its_end_and_its_error_here() -> None:
    starts = [name for name in dir(BaseCallbackHandler) if name.endswith("_start")]
    kinds = {name.removesuffix("_start").replace("on_chat_model", "on_llm") for name in starts}

    assert {"on_chain", "on_llm", "on_retriever", "on_tool"} == kinds
    for name in [*starts, *(f"{kind}_{end}" for kind in kinds for end in ("end", "error"))]:
        assert name in vars(RecordingHandler), name


def test_an_evicted_run_is_ended_and_its_late_end_is_passed_over(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSPAN_MAX_OPEN_RUNS", "2")
    with LogWatch().watching() as log, instrumented(recording) as handle:
        manager = CallbackManager(handlers=[handler_of(handle)])
        runs = [manager.on_chain_start(None, {}, name=name) for name in "abc"]
        assert ["a"] == recording.names()
        for run in runs:
            run.on_chain_end({})

    assert ["a", "b", "c"] == recording.names()
    assert "incomplete" == recording.named("a").attributes["langspan.outcome"]
    assert [] == log.lines


def test_a_guard_that_contains_lets_nothing_through(recording: Recording) -> None:
    """The same events in production mode, where an internal error would be logged."""
    instrumentor = langspan.LangSpanInstrumentor()
    with LogWatch().watching() as log:
        instrumentor.instrument(tracer_provider=recording.provider, guard=Guard())
        handler = handler_of(instrumentor.instrumentation)
        for event, args in ENDS.items():
            getattr(handler, event)(*args, run_id=uuid4())
        langspan.uninstrument()

    assert [] == log.lines
