"""`instrument()` twice, and after `uninstrument()`: one handle, one span per run, nothing piles up."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langchain_core.tracers.context import _configure_hooks
from opentelemetry.sdk.trace import TracerProvider

import langspan
from support.models import ScriptedChat
from support.recording import Recording, instrumented


def test_instrumenting_twice_gives_the_same_handle(recording: Recording) -> None:
    first = langspan.instrument(tracer_provider=recording.provider)

    assert first is langspan.instrument()


def test_instrumenting_twice_makes_one_span_per_run(recording: Recording) -> None:
    for _ in range(2):
        langspan.instrument(tracer_provider=recording.provider)
    ScriptedChat().invoke("hi")

    assert ["chat scripted-1"] == recording.names()


def test_what_a_second_call_asks_for_is_refused_aloud(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    langspan.instrument(tracer_provider=recording.provider)
    langspan.instrument(capture_content=True, spans="genai")

    assert ["langspan: already instrumented; capture_content, spans ignored. Call uninstrument() first."] == [
        record.getMessage() for record in caplog.records
    ]


def test_the_same_arguments_again_are_no_matter(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    """As hosts do that run a script again at each click."""

    def redact(value: object, _where: str) -> object:
        return value

    for _ in range(3):
        langspan.instrument(tracer_provider=recording.provider, capture_content=True, redact=redact)

    assert [] == caplog.records


def test_fewer_arguments_are_no_matter(recording: Recording, caplog: pytest.LogCaptureFixture) -> None:
    langspan.instrument(tracer_provider=recording.provider, spans="genai")
    langspan.instrument(tracer_provider=recording.provider)

    assert [] == caplog.records


class Judge:
    """Callable, and its comparison is the application's own code."""

    def __call__(self, value: object, _where: str) -> object:
        return value

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None  # type: ignore[assignment]


def test_arguments_are_compared_without_running_the_applications_code(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    langspan.instrument(tracer_provider=recording.provider, redact=Judge())
    langspan.instrument(tracer_provider=recording.provider, redact=Judge())

    assert ["langspan: already instrumented; redact ignored. Call uninstrument() first."] == [
        record.getMessage() for record in caplog.records
    ]


def test_threads_that_instrument_at_once_share_one_handle_and_leave_no_patch() -> None:
    before = {cls: dict(vars(cls)) for cls in (BaseChatModel, BaseTool, CallbackManager)}
    barrier, handles = threading.Barrier(4), []

    def instrument() -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        barrier.wait(10)
        handles.append(langspan.instrument(tracer_provider=provider))

    threads = [threading.Thread(target=instrument) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    langspan.uninstrument()

    assert (4, 1) == (len(handles), len(set(handles)))
    assert before == {cls: dict(vars(cls)) for cls in before}


def test_uninstrumenting_what_is_not_instrumented_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    langspan.uninstrument()

    assert [] == caplog.records


def test_uninstrumenting_by_handle_is_the_same(recording: Recording) -> None:
    langspan.instrument(tracer_provider=recording.provider).uninstrument()
    ScriptedChat().invoke("hi")

    assert [] == recording.names()


def test_a_former_handle_does_not_stop_the_next_instrumentation(recording: Recording) -> None:
    former = langspan.instrument(tracer_provider=recording.provider)
    langspan.uninstrument()
    langspan.instrument(tracer_provider=recording.provider)
    former.uninstrument()
    ScriptedChat().invoke("hi")

    assert ["chat scripted-1"] == recording.names()


@pytest.mark.parametrize("cycles", [2, 5])
def test_a_run_is_one_span_after_any_number_of_cycles(recording: Recording, cycles: int) -> None:
    for _ in range(cycles):
        with instrumented(recording):
            recording.clear()
            ScriptedChat().invoke("hi")

    assert ["chat scripted-1"] == recording.names()


def test_langchains_list_of_hooks_does_not_grow(recording: Recording) -> None:
    with instrumented(recording):
        once = len(_configure_hooks)
    for _ in range(3):
        with instrumented(recording):
            pass

    assert once == len(_configure_hooks)


def test_nothing_of_a_former_cycle_is_kept(recording: Recording) -> None:
    handlers = []
    for _ in range(3):
        with instrumented(recording) as handle:
            ScriptedChat().invoke("hi")
            handlers.append(weakref.ref(handle._handler))
        del handle
    gc.collect()

    assert [None] * 3 == [handler() for handler in handlers]


def test_callbacks_that_hold_a_former_handler_are_traced_by_the_next_one(recording: Recording) -> None:
    """A manager that the application keeps holds whatever handler there was when it was made."""
    with instrumented(recording):
        manager = CallbackManager.configure()
    with instrumented(recording):
        ScriptedChat().invoke("hi", {"callbacks": manager})

    assert ["chat scripted-1"] == recording.names()


def test_flush_reports_that_all_was_exported(recording: Recording) -> None:
    handle = langspan.instrument(tracer_provider=recording.provider)
    ScriptedChat().invoke("hi")

    assert handle.flush(timeout=5.0)


def test_shutdown_stops_tracing(recording: Recording) -> None:
    langspan.instrument(tracer_provider=recording.provider).shutdown(timeout=5.0)
    ScriptedChat().invoke("hi")

    assert [] == recording.names()


def test_shutdown_leaves_a_provider_that_was_passed_in_working(recording: Recording) -> None:
    langspan.instrument(tracer_provider=recording.provider).shutdown()
    with recording.tracer.start_as_current_span("application"):
        pass

    assert ["application"] == recording.names()


def test_shutdown_ends_open_runs(recording: Recording) -> None:
    handle = langspan.instrument(tracer_provider=recording.provider)
    CallbackManager.configure().on_chain_start(None, {}, name="caller")
    handle.shutdown()

    assert "incomplete" == (recording.named("caller").attributes or {})["langspan.outcome"]


def test_shutting_down_twice_is_harmless(recording: Recording) -> None:
    handle = langspan.instrument(tracer_provider=recording.provider)
    handle.shutdown()
    handle.shutdown()

    assert handle.flush()
