"""Scopes and carriers: the host's code runs as if nothing stood around it, in the right context."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import CallbackType
from langspan._guard import Guard
from langspan.context.drivers import (
    acall_in_scope,
    aiterate_in_scope,
    arun_in_context,
    call_in_scope,
    iterate_in_scope,
    run_in_context,
)
from langspan.context.scope import Scope, current_scope

RUN_ID = UUID(int=1)


class FakeRun:
    """A run as a scope sees it: a context, and whether it is open."""

    def __init__(self, name: str = "run", run_id: UUID = RUN_ID) -> None:
        self.run_id = run_id
        self.context = Context({"run": name})
        self.is_open = True
        self.abandoned: list[BaseException | None] = []

    def abandon(self, error: BaseException | None) -> None:
        self.is_open = False
        self.abandoned.append(error)


def current() -> Any:
    """Name of the run that is current."""
    return otel.get_value("run")


def scope(*, attach_on_start: bool = False) -> Scope:
    return Scope(Guard(raising=True), CallbackType.CHAT_MODEL, attach_on_start=attach_on_start)


def starting(run: FakeRun) -> None:
    """What the recorder does at a start event."""
    here = current_scope()
    if here is not None and here.is_direct_child(CallbackType.CHAT_MODEL, otel.get_current()):
        here.started(run)


# -- generators are driven unnoticed


class ThrownError(Exception):
    """Thrown into a generator."""


Step = tuple[str, int]
steps = st.lists(st.tuples(st.sampled_from(["yield", "swallow", "raise"]), st.integers(0, 9)), max_size=5)
moves = st.lists(st.sampled_from(["next", "send", "throw", "close"]), max_size=8)


def body(plan: list[Step], log: list[Any]) -> Iterator[Any]:
    """Yield by plan; an exception that is thrown in is swallowed or let out."""
    try:
        for what, number in plan:
            if what == "raise":
                raise KeyError(number)
            try:
                log.append((yield number))
            except ThrownError:
                log.append("thrown")
                if what == "yield":
                    raise
            except GeneratorExit:
                log.append("closing")
                raise
    finally:
        log.append("left")
    return "returned"


async def abody(plan: list[Step], log: list[Any]) -> AsyncIterator[Any]:
    """The same, asynchronous."""
    try:
        for what, number in plan:
            await asyncio.sleep(0)
            if what == "raise":
                raise KeyError(number)
            try:
                log.append((yield number))
            except ThrownError:
                log.append("thrown")
                if what != "swallow":
                    raise
            except GeneratorExit:
                log.append("closing")
                raise
    finally:
        log.append("left")


def _move(generator: Any, move: str, number: int) -> Any:
    if move == "send":
        return generator.send(number)
    if move == "throw":
        return generator.throw(ThrownError())
    return generator.close() if move == "close" else next(generator)


def _play(generator: Any, choices: list[str]) -> list[Any]:
    """Every outcome of every move, as the consumer sees it."""
    seen: list[Any] = []
    for number, move in enumerate(choices):
        seen.append(_outcome(_move, generator, move, number))
    generator.close()
    return seen


def _outcome(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except BaseException as error:
        return type(error), error.args


async def _aplay(generator: Any, choices: list[str]) -> list[Any]:
    seen: list[Any] = []
    methods = {
        "next": lambda _: generator.__anext__(),
        "send": generator.asend,
        "throw": lambda _: generator.athrow(ThrownError()),
        "close": lambda _: generator.aclose(),
    }
    for number, move in enumerate(choices):
        try:
            seen.append(await methods[move](number))
        except BaseException as error:
            seen.append((type(error), error.args))
    await generator.aclose()
    return seen


@example([("yield", 1)], ["next", "send"])
@example([("swallow", 1), ("yield", 2)], ["next", "throw", "next"])
@example([("yield", 1)], ["next", "throw"])
@example([("yield", 1)], ["next", "close"])
@given(steps, moves)
def test_a_driven_generator_behaves_like_the_generator(plan: list[Step], choices: list[str]) -> None:
    log: list[Any] = []
    plain_log: list[Any] = []
    plain = _play(body(plan, plain_log), choices)

    assert (plain, plain_log) == (_play(iterate_in_scope(scope(), body(plan, log)), choices), log)


@example([("yield", 1)], ["next", "send"])
@example([("swallow", 1), ("yield", 2)], ["next", "throw", "next"])
@example([("yield", 1)], ["next", "throw"])
@example([("yield", 1)], ["next", "close"])
@given(steps, moves)
def test_a_driven_asynchronous_generator_behaves_like_the_generator(
    plan: list[Step], choices: list[str]
) -> None:
    log: list[Any] = []
    plain_log: list[Any] = []
    plain = asyncio.run(_aplay(abody(plan, plain_log), choices))

    assert (plain, plain_log) == (
        asyncio.run(_aplay(aiterate_in_scope(scope(), abody(plan, log)), choices)),
        log,
    )


@given(steps, moves)
def test_the_consumer_of_a_driven_generator_keeps_its_context(plan: list[Step], choices: list[str]) -> None:
    before = otel.get_current()
    generator = iterate_in_scope(Scope.around_stream(Guard(raising=True), FakeRun()), body(plan, []))
    seen = []
    for number, move in enumerate(choices):
        _outcome(_move, generator, move, number)
        seen.append((otel.get_current() is before, current_scope()))
    _play(generator, [])

    assert [(True, None)] * len(choices) == seen


# -- what is current


def test_a_started_run_is_current_for_the_rest_of_a_stream() -> None:
    run = FakeRun()
    seen: list[Any] = []

    def streaming() -> Iterator[int]:
        starting(run)
        for number in range(3):
            seen.append(current())
            yield number

    outside = [current() for _ in iterate_in_scope(scope(attach_on_start=True), streaming())]

    assert (["run"] * 3, [None] * 3) == (seen, outside)


def test_a_streaming_body_has_its_run_from_the_first_step() -> None:
    seen: list[Any] = []

    def streaming() -> Iterator[None]:
        seen.append(current())
        yield

    list(iterate_in_scope(Scope.around_stream(Guard(raising=True), FakeRun()), streaming()))

    assert ["run"] == seen


def test_what_a_stream_leaves_current_waits_for_its_next_step() -> None:
    seen: list[Any] = []

    def streaming() -> Iterator[None]:
        otel.attach(Context({"run": "inner"}))
        yield
        seen.append(current())

    outside = [
        current() for _ in iterate_in_scope(Scope.around_stream(Guard(raising=True), FakeRun()), streaming())
    ]

    assert (["inner"], [None]) == (seen, outside)


def test_what_the_consumer_makes_current_between_steps_stays() -> None:
    generator = iterate_in_scope(Scope.around_stream(Guard(raising=True), FakeRun()), iter_of(3))
    next(generator)
    token = otel.attach(Context({"run": "consumer"}))
    list(generator)
    seen = current()
    otel.detach(token)

    assert "consumer" == seen


def iter_of(number: int) -> Any:
    yield from range(number)


def test_a_call_enters_nothing_unless_told_to() -> None:
    def function() -> Any:
        starting(FakeRun())
        return current()

    assert None is call_in_scope(scope(), function)


def test_an_entering_call_has_its_run_current_and_its_caller_has_not() -> None:
    def function() -> Any:
        starting(FakeRun())
        return current()

    assert ("run", None) == (call_in_scope(scope(attach_on_start=True), function), current())


def test_of_two_handlers_runs_the_first_is_entered() -> None:
    """Both are told of the same run: the second starts where the first did."""
    first, second, contexts = FakeRun("first"), FakeRun("second"), []

    def function() -> Any:
        for run in (first, second):
            here = current_scope()
            assert here is not None
            contexts.append(here.start_context(RUN_ID, otel.get_current()))
            here.started(run)
        return current()

    result = call_in_scope(scope(attach_on_start=True), function)

    assert ("first", [{}, {}]) == (result, contexts)


def test_a_run_inside_a_body_does_not_belong_to_the_call() -> None:
    outer, inner = FakeRun("outer"), FakeRun("inner")

    def function() -> None:
        starting(outer)
        starting(inner)

    call_in_scope(scope(attach_on_start=True), function)

    assert ([None], []) == (outer.abandoned, inner.abandoned)


def test_scopes_nest() -> None:
    inner, outer = scope(), scope()

    def between() -> tuple[Any, Any]:
        return call_in_scope(inner, current_scope), current_scope()

    assert (inner, outer, None) == (*call_in_scope(outer, between), current_scope())


@pytest.mark.parametrize("error", [None, ValueError("no"), KeyboardInterrupt()], ids=repr)
def test_inside_puts_the_callers_context_back(error: BaseException | None) -> None:
    seen: list[Any] = []

    def function() -> None:
        seen.append(current())
        if error is not None:
            raise error

    try:
        run_in_context(Context({"run": "body"}), function)
    except BaseException as raised:
        seen.append(raised)

    assert (["body", *filter(None, [error])], None) == (seen, current())


async def test_ainside_keeps_concurrent_bodies_apart() -> None:
    async def function(name: str) -> bool:
        for _ in range(3):
            await asyncio.sleep(0)
            if name != current():
                return False
        return True

    results = await asyncio.gather(
        *(arun_in_context(Context({"run": name}), function, name) for name in ("a", "b", "c"))
    )

    assert ([True] * 3, None) == (results, current())


def test_a_coroutine_that_is_finished_off_elsewhere_changes_nothing_there() -> None:
    async def function() -> None:
        await asyncio.Future()

    async def begin(coroutine: Any) -> None:
        coroutine.send(None)

    for make in (
        lambda: acall_in_scope(scope(), function),
        lambda: arun_in_context(Context({"run": "body"}), function),
        lambda: aiterate_in_scope(scope(), abody([("yield", 1)], [])).__anext__(),
    ):
        coroutine = make()
        contextvars.copy_context().run(asyncio.run, begin(coroutine))
        token = otel.attach(Context({"run": "elsewhere"}))
        coroutine.close()
        seen = current()
        otel.detach(token)
        assert ("elsewhere", None) == (seen, current_scope())


# -- what is ended

ERROR, CANCELLED, CLOSED = ValueError("no"), asyncio.CancelledError(), GeneratorExit()


@pytest.mark.parametrize(
    ("open_runs", "error", "causes"),
    [
        ([True], None, [[None]]),
        ([True], ERROR, [[ERROR]]),
        ([True], CANCELLED, [[CANCELLED]]),
        ([False], ERROR, [[]]),
        ([], ERROR, []),
        ([True, True], ERROR, [[None], [None]]),
        ([False, True, True], ERROR, [[], [None], [None]]),
        ([True, True], CANCELLED, [[CANCELLED], [CANCELLED]]),
        ([False, True], None, [[], [None]]),
    ],
)
def test_a_call_ends_what_was_left_open(open_runs: list[bool], error: Any, causes: Any) -> None:
    runs = [FakeRun() for _ in open_runs]

    def function() -> None:
        for run, is_open in zip(runs, open_runs, strict=True):
            starting(run)
            run.is_open = is_open
        if error is not None:
            raise error

    _outcome(call_in_scope, scope(), function)

    assert causes == [run.abandoned for run in runs]


@pytest.mark.parametrize(
    ("choices", "causes"),
    [
        (["next"] * 4, []),
        (["close"], []),
        (["next", "close"], [GeneratorExit]),
        (["next", "throw"], []),
    ],
    ids=["read", "never begun", "closed", "failed"],
)
def test_a_streaming_body_is_ended_only_if_langchain_will_not(choices: list[str], causes: list[type]) -> None:
    run = FakeRun()
    _play(iterate_in_scope(Scope.around_stream(Guard(raising=True), run), iter_of(3)), choices)

    assert causes == [type(error) for error in run.abandoned]


def test_a_streaming_body_that_is_dropped_unread_is_ended() -> None:
    run = FakeRun()
    watched = Scope.around_stream(Guard(raising=True), run)
    generator = iterate_in_scope(watched, iter_of(3))
    watched.watch(generator)
    del generator

    assert [GeneratorExit] == [type(error) for error in run.abandoned]


async def test_an_end_event_that_is_on_its_way_wins() -> None:
    run = FakeRun()

    async def function() -> None:
        starting(run)
        asyncio.get_running_loop().call_soon(setattr, run, "is_open", False)

    await acall_in_scope(scope(), function)
    await asyncio.sleep(0)

    assert [] == run.abandoned


async def test_a_coroutine_ends_what_no_event_will_end() -> None:
    run = FakeRun()

    async def function() -> None:
        starting(run)
        raise ERROR

    with pytest.raises(ValueError):
        await acall_in_scope(scope(), function)
    before = [*run.abandoned]
    await asyncio.sleep(0)

    assert ([], [ERROR]) == (before, run.abandoned)


def test_a_coroutine_outside_of_any_loop_ends_its_run_at_once() -> None:
    run = FakeRun()

    async def function() -> None:
        starting(run)

    with pytest.raises(StopIteration):
        acall_in_scope(scope(), function).send(None)

    assert [None] == run.abandoned


# -- failures of ours


class Broken(FakeRun):
    """A run that cannot be ended."""

    def abandon(self, error: BaseException | None) -> None:
        raise RuntimeError("ours")


def _started_and_returned() -> str:
    starting(Broken())
    return "result"


def test_an_error_of_ours_does_not_reach_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    assert "result" == call_in_scope(Scope(Guard(), CallbackType.CHAT_MODEL), _started_and_returned)


def test_an_error_of_ours_does_not_replace_the_hosts(caplog: pytest.LogCaptureFixture) -> None:
    def function() -> None:
        starting(Broken())
        raise ERROR

    with pytest.raises(ValueError) as caught:
        call_in_scope(Scope(Guard(), CallbackType.CHAT_MODEL), function)

    assert (ERROR, None) == (caught.value, caught.value.__context__)


def test_an_error_of_ours_does_not_end_a_stream(caplog: pytest.LogCaptureFixture) -> None:
    def streaming() -> Iterator[int]:
        starting(Broken())
        yield from range(3)

    assert [0, 1, 2] == list(
        iterate_in_scope(Scope(Guard(), CallbackType.CHAT_MODEL, attach_on_start=True), streaming())
    )
