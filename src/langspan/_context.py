"""The only place that changes the current OpenTelemetry context.

A run's span is current while the run's own code runs, and only then. Nothing is ever detached by token:
a token is useless in another ``contextvars.Context``, which is where asynchronous code tends to end up.
Instead a context is either entered inside a copy that LangChain throws away, or swapped in before a step
of the host's code and swapped out after it.

A `Scope` stands around one call of the host's code. The carriers at the end of this module (`call`,
`acall`, `drive`, `adrive`) run that code and contain nothing of ours that could fail.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextvars import ContextVar
from typing import Any, ParamSpec, Protocol, TypeVar

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import Category
from langspan._guard import Guard, contained

P = ParamSpec("P")
T = TypeVar("T")


class ScopedRun(Protocol):
    """What a scope needs to know of a run."""

    @property
    def context(self) -> Context:
        """The context in which the run's span is current."""

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended yet."""

    def abandon(self, error: BaseException | None) -> None:
        """End the run: LangChain will not."""


class Scope:
    """One call of a model, tool or retriever, seen from outside.

    It knows the runs that are started directly under the call, makes them current where LangChain gives no
    later chance to, and ends those that LangChain forgets.

    Args:
        guard: The error boundary.
        category: The runs that start directly under the call and belong to it; None if none do.
        enters: The start event itself makes the run current, since nothing later can.
    """

    __slots__ = ("_former", "_if_closed", "_inside", "_outside", "_runs", "category", "enters", "guard")

    def __init__(self, guard: Guard, category: Category | None, *, enters: bool = False) -> None:
        self.guard = guard
        self.category = category
        self.enters = enters
        self._runs: list[ScopedRun] = []
        self._if_closed: ScopedRun | None = None
        self._former: Scope | None = None
        self._outside: Context | None = None
        self._inside: Context | None = None

    @classmethod
    def around(cls, guard: Guard, run: ScopedRun) -> Scope:
        """A scope around the body of a run that has already started and that LangChain ends afterwards."""
        scope = cls(guard, None)
        scope._inside = run.context
        return scope

    @classmethod
    def around_stream(cls, guard: Guard, run: ScopedRun) -> Scope:
        """The same around a streaming body, which LangChain forgets if the consumer closes it early."""
        scope = cls.around(guard, run)
        scope._if_closed = run  # noqa: SLF001 - its own class
        return scope

    @contained
    def begin(self) -> None:
        """A step of the host's code begins."""
        self._former = _scope.get()
        self._outside = otel.get_current()
        _scope.set(self)
        if self._inside is not None:
            otel.attach(self._inside)

    @contained
    def end(self) -> None:
        """The step is over: what was current before it is current again."""
        # In a foreign context, where an abandoned coroutine is finished off, there is nothing to put back.
        if _scope.get() is not self:
            return
        _scope.set(self._former)
        if self._inside is not None and self._outside is not None:
            # What the body left current waits for its next step; the caller never sees it.
            self._inside = otel.get_current()
            otel.attach(self._outside)

    def has_below(self, category: Category, current: Context) -> bool:
        """Whether a run of that category that starts in ``current`` stands directly under the call."""
        # Inside a run's body another context is current, so runs nested deeper do not match.
        return self._inside is None and category is self.category and current is self._outside

    def started(self, run: ScopedRun) -> None:
        """Note a run that was started directly under the call."""
        self._runs.append(run)
        if self.enters:
            self._inside = run.context
            otel.attach(run.context)

    def _left_open(self, error: BaseException | None) -> list[ScopedRun]:
        runs = self._runs
        if self._if_closed is not None and _stops_all(error):
            runs = [self._if_closed]
        return [run for run in runs if run.is_open]

    @contained
    def over(self, error: BaseException | None) -> None:
        """The call is over: end what is still open."""
        # Of several prompts the one that failed got its error event: its siblings did not fail.
        cause = error if len(self._runs) <= 1 or _stops_all(error) else None
        for run in self._left_open(error):
            run.abandon(cause)

    @contained
    def over_soon(self, error: BaseException | None) -> None:
        """The call is over: end what is still open, after an end event that is already on its way."""
        if not self._left_open(error):
            return
        try:
            asyncio.get_running_loop().call_soon(self.over, error)
        except RuntimeError:
            self.over(error)


def _stops_all(error: BaseException | None) -> bool:
    return isinstance(error, asyncio.CancelledError | GeneratorExit)


_scope: ContextVar[Scope | None] = ContextVar("langspan_scope", default=None)


def current_scope() -> Scope | None:
    """The innermost scope around the running code."""
    return _scope.get()


def enter(context: Context) -> None:
    """Make ``context`` current in a ``contextvars.Context`` that its owner throws away after use."""
    otel.attach(context)


def call(scope: Scope, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the host's function under a scope."""
    failure: BaseException | None = None
    scope.begin()
    try:
        return function(*args, **kwargs)
    except BaseException as error:
        failure = error
        raise
    finally:
        scope.end()
        scope.over(failure)


async def acall(scope: Scope, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Await the host's coroutine function under a scope."""
    failure: BaseException | None = None
    scope.begin()
    try:
        return await function(*args, **kwargs)
    except BaseException as error:
        failure = error
        raise
    finally:
        scope.end()
        scope.over_soon(failure)


def drive(scope: Scope, generator: Generator[T, Any, Any]) -> Generator[T, Any, Any]:
    """Drive the host's generator under a scope: its run is current in its body, never in the consumer."""
    failure: BaseException | None = None
    step: Callable[..., T | None] = generator.__next__
    args: tuple[Any, ...] = ()
    try:
        while True:
            scope.begin()
            try:
                item = step(*args)
            except StopIteration as stop:
                return stop.value
            finally:
                scope.end()
            try:
                yield item  # type: ignore[misc] # only close() gives None, and it leaves the loop
                step, args = generator.__next__, ()
            except GeneratorExit:
                scope.begin()
                try:
                    generator.close()
                finally:
                    scope.end()
                raise
            except BaseException as error:  # noqa: BLE001 - the host's generator decides what to do with it
                step, args = generator.throw, (error,)
    except BaseException as error:
        failure = error
        raise
    finally:
        scope.over(failure)


async def adrive(scope: Scope, generator: AsyncGenerator[T, Any]) -> AsyncGenerator[T, Any]:
    """Drive the host's asynchronous generator under a scope, in the consumer's own task."""
    failure: BaseException | None = None
    step: Callable[..., Awaitable[T]] = _begin_unseen
    args: tuple[Any, ...] = (generator,)
    try:
        while True:
            scope.begin()
            try:
                item = await step(*args)
            except StopAsyncIteration:
                return
            finally:
                scope.end()
            try:
                yield item
                step, args = generator.__anext__, ()
            except GeneratorExit:
                scope.begin()
                try:
                    await generator.aclose()
                finally:
                    scope.end()
                raise
            except BaseException as error:  # noqa: BLE001 - the host's generator decides what to do with it
                step, args = generator.athrow, (error,)
    except BaseException as error:
        failure = error
        raise
    finally:
        scope.over_soon(failure)


def _begin_unseen(generator: AsyncGenerator[T, Any]) -> Awaitable[T]:
    """Ask for the first item without telling the event loop of the generator.

    An event loop that shuts down closes all generators it was told of, at once. It knows the one that drives
    this one; told of both, it would close this one a second time, and complain.
    """
    told = sys.get_asyncgen_hooks().firstiter
    sys.set_asyncgen_hooks(firstiter=None)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(firstiter=told)
