"""A stream that the garbage collector closes leaves the context alone that it interrupts.

Python 3.11 collects in the middle of `ContextVar.set`. A variable that is set then, in the same context,
frees what the interrupted call is copying.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableGenerator
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from langspan.context.collection import collection
from support.recording import Recording, instrumented

INTERRUPTS = sys.version_info < (3, 12)
interrupting = pytest.mark.skipif(not INTERRUPTS, reason="collections interrupt nothing since Python 3.12")
MARK: ContextVar[str] = ContextVar("MARK", default="unset")
CLOSED_IN: list[Any] = []

STRESS = """
import contextvars, gc, sys
from langchain_core.runnables import RunnableGenerator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
import langspan

def words(_):
    yield "a"
    yield "b"

class Box:
    pass

def drop():
    box = Box()
    box.stream, box.itself = RunnableGenerator(words).stream("x"), box
    next(box.stream)

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda _: "")))
langspan.instrument(tracer_provider=provider)
variable = contextvars.ContextVar("variable", default=None)
gc.collect()
gc.freeze()
for turn in range(300):
    gc.collect()
    gc.disable()
    drop()
    gc.set_threshold(max(1, gc.get_count()[0] + turn % 6), 1000, 1000)
    gc.enable()
    token = variable.set(turn)
    gc.disable()
    assert variable.get() == turn
    variable.reset(token)
"""


class Marking(SpanProcessor):
    """Sets a context variable at a span's end, as exporters do that suppress instrumentation."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def on_start(self, span: Span, parent_context: otel.Context | None = None) -> None:
        """Nothing is set where a span starts."""

    def on_end(self, span: ReadableSpan) -> None:
        MARK.set("set")
        self.ended.append(span.name)


def words(_: Any) -> Iterator[str]:
    try:
        yield "a"
        yield "b"
    finally:
        CLOSED_IN.append(trace.get_current_span())


class Words(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "words"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: CallbackManagerForLLMRun | None = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in words(None):
            yield ChatGenerationChunk(message=AIMessageChunk(word))


STREAMS: dict[str, Callable[[], Iterator[Any]]] = {
    "chain": lambda: RunnableGenerator(words).stream("x"),
    "model": lambda: Words().stream("x"),
}


class Box:
    """Keeps itself alive, so that only the collector frees it."""

    def __init__(self, stream: Any) -> None:
        self.stream: Iterator[Any] = stream
        self.itself = self


def drop(stream: Iterator[Any]) -> None:
    """Take one item, and leave the rest to the collector."""
    box = Box(stream)
    next(box.stream)


@pytest.fixture
def processor(recording: Recording) -> Iterator[Marking]:
    CLOSED_IN.clear()
    marking = Marking()
    recording.provider.add_span_processor(marking)
    with instrumented(recording):
        yield marking


@pytest.mark.parametrize("stream", STREAMS)
def test_its_spans_end(stream: str, processor: Marking) -> None:
    drop(STREAMS[stream]())
    gc.collect()
    assert processor.ended
    assert len(CLOSED_IN) == 1


@interrupting
@pytest.mark.parametrize("stream", STREAMS)
def test_the_interrupted_context_keeps_its_variables(stream: str, processor: Marking) -> None:
    drop(STREAMS[stream]())
    token, current = MARK.set("mine"), otel.get_current()
    gc.collect()
    kept = MARK.get()
    MARK.reset(token)
    assert kept == "mine"
    assert processor.ended
    assert otel.get_current() is current


@interrupting
def test_a_body_that_is_closed_by_the_collector_sees_the_context_that_it_interrupts(
    processor: Marking,
) -> None:
    drop(STREAMS["model"]())
    gc.collect()
    assert CLOSED_IN == [trace.INVALID_SPAN]


def test_a_body_that_the_application_closes_sees_its_own_span(processor: Marking) -> None:
    stream = Words().stream("x")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert [span.get_span_context().is_valid for span in CLOSED_IN] == [True]


def test_no_collection_is_noted_once_it_is_over(processor: Marking) -> None:
    gc.collect()
    assert collection.thread is None
    assert gc.callbacks.count(collection.told) == (1 if INTERRUPTS else 0)


def test_nothing_is_lost_and_nothing_crashes_where_a_variable_is_being_set() -> None:
    done = subprocess.run([sys.executable, "-c", STRESS], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
