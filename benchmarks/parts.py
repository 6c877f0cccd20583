"""Where the time of one chat call goes: what each layer adds to a real call, and each part by itself.

Parts take turns and the lowest figures are shown. In a loop of its own a part is quicker than inside a call,
where LangChain's code has had the processor's caches meanwhile: parts add up to less than the whole.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Tracer

from benchmarks.floor import ATTRIBUTES
from benchmarks.variants import SLOT, VARIANTS
from benchmarks.workloads import chat
from langspan import CallbackHandler
from langspan._events import CallbackType, Started
from langspan._instrumentor import _slot
from langspan.kinds.registry import Translator
from langspan.recording.run import Run
from langspan.recording.run_table import Runs

_ROUNDS = 200
_TURNS = 5
_LOOPS = 100


class _Last(SpanProcessor):
    """Keeps the last span."""

    span: ReadableSpan

    def on_end(self, span: ReadableSpan) -> None:
        self.span = span


class _Noting(BaseCallbackHandler):
    """Keeps what a chat model's events say."""

    run_inline = True

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        known = (kwargs.pop(name, None) for name in ("run_id", "parent_run_id", "name"))
        more = (kwargs.pop("tags", None), kwargs.pop("metadata", None))
        self.started = Started(CallbackType.CHAT_MODEL, *known, serialized, *more, messages, kwargs)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.result = response


class _Deaf(BaseCallbackHandler):
    """Hears of everything and does nothing."""

    run_inline = True

    def on_chat_model_start(self, *_args: Any, **_kwargs: Any) -> None:
        """Say that chat models are understood: LangChain would render the messages as text otherwise."""


def parts() -> None:
    """Print what a chat call costs, in microseconds and as multiples of the floor."""
    run = chat()
    _print("added to a call", _in_place(run))
    print()
    _print("by itself", _by_itself(run))


def _print(title: str, figures: Mapping[str, float]) -> None:
    floor = next(iter(figures.values()))
    print(f"| {title} | µs | of the floor |")
    print("| --- | --- | --- |")
    for name, seconds in figures.items():
        print(f"| {name} | {seconds * 1e6:.1f} | {seconds / floor:.2f} |")


# -- added to a real call


def _in_place(run: Callable[[], object]) -> dict[str, float]:
    """Seconds that each layer adds to a call."""
    layers: dict[str, Callable[[], AbstractContextManager[object]]] = {
        "the floor": VARIANTS["floor"],
        "LangChain: telling one handler that does nothing": lambda: SLOT.filled(_Deaf()),
        "langspan: its patches, while no handler is there": _patches,
        "langspan: its handler, without the patches": lambda: SLOT.filled(CallbackHandler(TracerProvider())),
        "langspan": VARIANTS["langspan"],
        "langspan, sampled out": VARIANTS["sampled out"],
    }
    lowest = dict.fromkeys(["untraced", *layers], float("inf"))
    for _ in range(_TURNS):
        for name, layer in {"untraced": nullcontext, **layers}.items():
            with layer():
                _time(run)  # Python adapts to code as it runs, and forgets it when a class is patched
                lowest[name] = min(lowest[name], *(_time(run) for _ in range(_ROUNDS // _TURNS)))
    return {name: lowest[name] - lowest["untraced"] for name in layers}


@contextmanager
def _patches() -> Iterator[None]:
    with VARIANTS["langspan"]():
        _slot.handler = None
        yield


# -- by itself


def _by_itself(run: Callable[[], object]) -> dict[str, float]:
    """Seconds of each part of a call, in a loop of its own."""
    last, noted = _Last(), _Noting()
    provider = TracerProvider()
    provider.add_span_processor(last)
    handler = CallbackHandler(provider)
    for each in (noted, handler):
        with SLOT.filled(each):
            run()
    tracer = TracerProvider().get_tracer("parts")
    steps = {
        "OpenTelemetry: the floor's span, 7 attributes": lambda: _span(tracer, ATTRIBUTES),
        "OpenTelemetry: the span of a chat, all its attributes": _span_like(tracer, last.span),
        **_own(handler, noted),
    }
    figures = dict.fromkeys(steps, float("inf"))
    for _ in range(_ROUNDS):
        for name, step in steps.items():
            figures[name] = min(figures[name], _time(step))
    return figures


def _own(handler: CallbackHandler, noted: _Noting) -> dict[str, Callable[[], object]]:
    """What langspan does in each call, without LangChain and OpenTelemetry."""
    translator, event = Translator(), noted.started
    operation = translator.operation(event, None, None)
    run = Run(handler.recorder, event, operation, None)
    run.facts = translator.at_creation(run, event)
    table: Runs[int, int] = Runs(max_open=10, max_age=10, max_ended=2048, trail=int)

    def keep() -> None:
        table.add(event.run_id, 1)
        table.take(event.run_id)

    return {
        "langspan: what the run is": lambda: translator.operation(event, None, None),
        "langspan: attributes for the sampler": lambda: translator.at_creation(run, event),
        "langspan: attributes of the request": lambda: translator.at_start(run, event),
        "langspan: attributes of the answer": lambda: translator.at_end(run, noted.result),
        "langspan: the run itself": lambda: Run(handler.recorder, event, operation, None),
        "langspan: the table of open runs": keep,
    }


def _time(step: Callable[[], object]) -> float:
    """Seconds of processor time of one call."""
    return timeit.timeit(step, number=_LOOPS, timer=time.process_time) / _LOOPS


def _span(tracer: Tracer, attributes: Any) -> None:
    tracer.start_span("run", attributes=attributes).end()


def _span_like(tracer: Tracer, span: ReadableSpan) -> Callable[[], None]:
    """The same span made again: what a sampler sees at its start, the rest in one call at its end."""
    attributes = dict(span.attributes or {})
    sampled = {name: attributes.pop(name) for name in list(attributes)[:3]}

    def make() -> None:
        again = tracer.start_span(span.name, None, SpanKind.CLIENT, sampled, record_exception=False)
        again.set_attributes(attributes)
        again.end()

    return make
