"""However callbacks are given to a model, and whatever class it is: one span per run, in the right place.

The user's own handlers hear what they hear without us, and the caller gets the same answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from langchain_core.messages import HumanMessage

from support.callback_ways import ASYNC, CALL, CONSTRUCTOR, Given, our_handler
from support.listeners import Listener
from support.model_kinds import KINDS, is_chat
from support.recording import Recording, instrumented

WAYS = {**CALL, **CONSTRUCTOR}
FEW = ("none", "constructor", "call", "ours beside")
MODES = ("invoke", "stream", "batch", "generate")
ASYNC_MODES = ("ainvoke", "astream", "abatch", "agenerate")
OPERATIONS = ("chat", "text_completion")
# A `generate` that asks the provider by itself: nothing tells where the body begins, so what happens there
# stays with the caller.
_UNMARKED = {
    "OwnGenerate": ("invoke", "batch", "generate"),
    "OwnAgenerate": ("ainvoke", "abatch", "agenerate"),
}


class Seen(NamedTuple):
    """What came of one call.

    Attributes:
        answer: What the caller got.
        told: What the user's handler was told.
        runs: How many model runs have a span.
        edges: Every span with its parent, by operation or else by name.
    """

    answer: Any
    told: Any
    runs: int
    edges: frozenset[tuple[str | None, str]]


def _begin(cls: type, given: Given, mode: str, body: Any) -> Any:
    """Make a model and begin a call of it: a result, a generator or a coroutine."""
    model = cls(**given.model, body=body)
    callee = model if given.bound is None else model.with_config(given.bound)
    if "generate" in mode:
        one = [HumanMessage("one")] if is_chat(cls) else "one"
        return getattr(callee, mode)([one], callbacks=(given.config or {}).get("callbacks"))
    return getattr(callee, mode)(["one", "two"] if "batch" in mode else "one", given.config)


async def _finish(answer: Any) -> Any:
    return [item async for item in answer] if inspect.isasyncgen(answer) else await answer


def _gist(answer: Any) -> Any:
    """An answer without what differs from one run to the next."""
    if isinstance(answer, list):
        return [_gist(item) for item in answer]
    generations = getattr(answer, "generations", None)
    return _gist(generations) if generations is not None else str(getattr(answer, "text", answer))


def _seen(recording: Recording, answer: Any, user: Listener) -> Seen:
    # Not every class tells LangChain the name of its model, so spans go by their operations.
    labels = {
        span.context.span_id: (span.attributes or {}).get("gen_ai.operation.name", span.name)
        for span in recording.spans
    }
    edges = frozenset(
        (labels.get(span.parent.span_id, "?") if span.parent else None, labels[span.context.span_id])
        for span in recording.spans
    )
    recording.clear()
    return Seen(_gist(answer), user.stories, sum(label in OPERATIONS for label in labels.values()), edges)


def _call(
    cls: type, way: str, mode: str, recording: Recording, ours: Iterable[Any] = ()
) -> tuple[Given, Seen]:
    user = Listener()
    with recording.tracer.start_as_current_span("request"), WAYS[way](user, [*ours]) as given:
        answer = _begin(cls, given, mode, recording.tracer)
        answer = list(answer) if inspect.isgenerator(answer) else answer
    return given, _seen(recording, answer, user)


async def _acall(
    cls: type, way: str, mode: str, recording: Recording, ours: Iterable[Any] = ()
) -> tuple[Given, Seen]:
    user = Listener()
    with recording.tracer.start_as_current_span("request"):
        async with AsyncExitStack() as stack:
            given = (
                await stack.enter_async_context(ASYNC[way](user, [*ours]))
                if way in ASYNC
                else stack.enter_context(WAYS[way](user, [*ours]))
            )
            answer = await _finish(_begin(cls, given, mode, recording.tracer))
    return given, _seen(recording, answer, user)


def _expected(cls: type, mode: str, given: Given, untraced: Seen) -> Seen:
    """The untraced call's answer and story; one span per run, and the provider's span in it."""
    above, run = ("request", *given.under), OPERATIONS[not is_chat(cls)]
    runs = 2 if "batch" in mode else 1
    edges = {
        *pairwise((None, *above, run)),
        ("request" if mode in _UNMARKED.get(cls.__name__, ()) else run, "http"),
    }
    return untraced._replace(runs=runs, edges=frozenset(edges))


def _cases(cls: type, ways: Iterable[str], modes: Iterable[str]) -> list[tuple[str, str]]:
    """Ways and modes, but for those where LangChain itself looks at the first of no callbacks."""
    return [
        (way, mode)
        for way in ways
        for mode in modes
        if is_chat(cls) or way != "empty list" or mode not in ASYNC_MODES
    ]


@pytest.mark.parametrize("defined", ["before", "while instrumented"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_one_span_and_the_users_handler_hears_all(
    recording: Recording, kind: str, defined: str
) -> None:
    cls = KINDS[kind]()
    cases = _cases(cls, WAYS if defined == "before" else FEW, MODES)
    untraced = {case: _call(cls, *case, recording) for case in cases}
    with instrumented(recording):
        cls = cls if defined == "before" else KINDS[kind]()
        traced = {case: _call(cls, *case, recording, [our_handler(recording)])[1] for case in cases}

    assert {case: _expected(cls, case[1], *seen) for case, seen in untraced.items()} == traced


@pytest.mark.parametrize("defined", ["before", "while instrumented"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_asynchronous_call_is_one_span_and_the_users_handler_hears_all(
    recording: Recording, kind: str, defined: str
) -> None:
    cls = KINDS[kind]()
    cases = _cases(cls, [*WAYS, *ASYNC] if defined == "before" else FEW, ASYNC_MODES)
    untraced = {case: await _acall(cls, *case, recording) for case in cases}
    with instrumented(recording):
        cls = cls if defined == "before" else KINDS[kind]()
        traced = {case: (await _acall(cls, *case, recording, [our_handler(recording)]))[1] for case in cases}

    assert {case: _expected(cls, case[1], *seen) for case, seen in untraced.items()} == traced
