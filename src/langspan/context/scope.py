"""The only place that changes the current OpenTelemetry context.

A run's span is current only while the run's own code runs. Nothing is ever detached by token, because a
token is useless in another `contextvars.Context`, where asynchronous code tends to end up. Instead, a
context is either attached inside a copy that LangChain discards, or swapped in before a step of the host's
code and swapped out after it.

A `Scope` wraps one call of the host's code, which the functions of `langspan.context.drivers` run in it.
"""

from __future__ import annotations

import asyncio
import weakref
from contextvars import ContextVar
from typing import Final, Protocol
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import Call, CallbackType
from langspan._guard import Guard, contained
from langspan.context.collection import collection


class ScopedRun(Protocol):
    """The part of a run that a scope needs."""

    @property
    def run_id(self) -> UUID:
        """The id that LangChain gave the run."""

    @property
    def context(self) -> Context:
        """The context in which the run's span is current."""

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended yet."""

    def abandon(self, error: BaseException | None) -> None:
        """End the run, because LangChain will not."""


class Scope:
    """The scope of one call of a model, tool or retriever.

    It keeps the runs that start directly under the call, makes them current where no later step can, and
    ends those that LangChain leaves open.

    Args:
        guard: The error boundary.
        callback: The callback type of the runs that belong to the call; None if there are none.
        attach_on_start: Whether the start event makes the run current, because no later step can.
        call: The call, if the run's start event lacks some of its details.
    """

    __slots__ = (
        "_former",
        "_if_closed",
        "_inside",
        "_outside",
        "_runs",
        "attach_on_start",
        "call",
        "callback",
        "guard",
    )

    def __init__(
        self,
        guard: Guard,
        callback: CallbackType | None,
        *,
        attach_on_start: bool = False,
        call: Call | None = None,
    ) -> None:
        self.guard = guard
        self.callback = callback
        self.attach_on_start = attach_on_start
        self.call = call
        self._runs: list[ScopedRun] = []
        self._if_closed: ScopedRun | None = None
        self._former: Scope | None = None
        self._outside: Context | None = None
        self._inside: Context | None = None

    @classmethod
    def around_stream(cls, guard: Guard, run: ScopedRun) -> Scope:
        """Return a scope for the streaming body of a run that has already started.

        LangChain ends such a run unless the consumer closes the stream early.
        """
        scope = cls(guard, None)
        scope._inside, scope._if_closed = run.context, run
        return scope

    def watch(self, driver: object) -> None:
        """End the streaming run if its driver is dropped before its first step, when no code of it runs."""
        if self._if_closed is not None:
            weakref.finalize(driver, self._dropped).atexit = False

    @contained
    def _dropped(self) -> None:
        if self._outside is None:  # no step has begun
            self._end_forgotten(GeneratorExit())

    @contained
    def resume(self) -> None:
        """Make the run current before a step of the host's code."""
        if collection.thread is not None and collection.is_here():
            return
        self._former = _scope.get()
        self._outside = otel.get_current()
        _scope.set(self)
        if self._inside is not None:
            otel.attach(self._inside)

    def _put_back(self) -> None:
        """Restore the previous context after a step of the host's code."""
        # An abandoned coroutine may be closed in a foreign context, where there is nothing to restore.
        if _scope.get() is not self or (collection.thread is not None and collection.is_here()):
            return
        _scope.set(self._former)
        if self._inside is not None and self._outside is not None:
            # The context that the body leaves is kept for its next step; the caller never sees it.
            self._inside = otel.get_current()
            otel.attach(self._outside)

    suspend = contained(_put_back)

    @contained
    def suspend_and_close(self, error: BaseException | None) -> None:
        """Do both `suspend` and `close` after a function call, in one contained step."""
        self._put_back()
        for run in self._runs:
            if run.is_open:
                self._end_forgotten(error)
                return

    @contained
    def suspend_and_close_soon(self, error: BaseException | None) -> None:
        """Do both `suspend` and `close_soon` after a coroutine call, in one contained step."""
        self._put_back()
        self.close_soon(error)

    def start_context(self, run_id: UUID, current: Context) -> Context:
        """Return the context in which a run starts, even if another handler has just made the run current."""
        if self._inside is None or self._outside is None or not self._runs or self._runs[0].run_id != run_id:
            return current
        return self._outside

    def is_direct_child(self, callback: CallbackType | None, current: Context) -> bool:
        """Return whether a run of a callback type that starts in `current` is directly under the call."""
        # Inside a run's body another context is current, so deeper runs do not match.
        return callback is not None and callback is self.callback and current is self._outside

    def started(self, run: ScopedRun) -> None:
        """Register a run that has started directly under the call."""
        self._runs.append(run)
        if self.attach_on_start and self._inside is None and not collection.is_here():
            self._inside = run.context
            otel.attach(run.context)

    @contained
    def close(self, error: BaseException | None) -> None:
        """End the runs that are still open after the call."""
        self._end_forgotten(error)

    @contained
    def close_soon(self, error: BaseException | None) -> None:
        """End the runs that are still open after the call, once pending end events have been delivered."""
        if self._is_done(error):
            return
        try:
            asyncio.get_running_loop().call_soon(self.close, error)
        except RuntimeError:
            self._end_forgotten(error)

    def _is_done(self, error: BaseException | None) -> bool:
        for run in self._runs:
            if run.is_open:
                return False
        return self._if_closed is None or not self._if_closed.is_open or not _stops_all(error)

    def _end_forgotten(self, error: BaseException | None) -> None:
        if self._is_done(error):
            return
        # Of several prompts, the one that failed has had its error event; its siblings did not fail.
        cause = error if len(self._runs) <= 1 or _stops_all(error) else None
        for run in self._runs if self._if_closed is None else [self._if_closed]:
            if run.is_open:
                run.abandon(cause)


def _stops_all(error: BaseException | None) -> bool:
    return isinstance(error, asyncio.CancelledError | GeneratorExit)


_scope: ContextVar[Scope | None] = ContextVar("langspan_scope", default=None)


current_scope: Final = _scope.get
"""Returns the innermost scope around the running code."""


def enter(context: Context) -> None:
    """Make `context` current in a `contextvars.Context` that its owner discards after use."""
    otel.attach(context)


def swap(context: Context) -> Context:
    """Make `context` current and return the previous one, for `swap_back`."""
    previous = otel.get_current()
    if collection.thread is None or not collection.is_here():
        otel.attach(context)
    return previous


def swap_back(previous: Context, only_if: Context | None = None) -> None:
    """Restore the context that `swap` returned.

    Args:
        previous: The previous context.
        only_if: Do nothing unless this context is current, because an abandoned coroutine may be closed in
            a foreign one.
    """
    if collection.thread is not None and collection.is_here():
        return
    if only_if is None or otel.get_current() is only_if:
        otel.attach(previous)
