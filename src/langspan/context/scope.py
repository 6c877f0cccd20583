"""The only place that changes the current OpenTelemetry context.

A run's span is current while the run's own code runs, and only then. Nothing is ever detached by token:
a token is useless in another `contextvars.Context`, which is where asynchronous code tends to end up.
Instead a context is either entered inside a copy that LangChain throws away, or swapped in before a step
of the host's code and swapped out after it.

A `Scope` stands around one call of the host's code; `langspan.context.drivers` run that code under it.
"""

from __future__ import annotations

import asyncio
import weakref
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import Call, CallbackType
from langspan._guard import Guard, contained


class ScopedRun(Protocol):
    """What a scope needs to know of a run."""

    @property
    def run_id(self) -> UUID:
        """LangChain's id of the run."""

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
        callback: The runs that start directly under the call and belong to it; None if none do.
        attach_on_start: The start event itself makes the run current, since nothing later can.
        call: What is called, where a run's start event does not tell all of it.
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
        """A scope around the streaming body of a run that has already started.

        LangChain ends such a run, unless the consumer closes the stream early.
        """
        scope = cls(guard, None)
        scope._inside, scope._if_closed = run.context, run
        return scope

    def watch(self, driver: object) -> None:
        """End the streaming run if its driver is dropped before its first step: no code of it runs then."""
        if self._if_closed is not None:
            weakref.finalize(driver, self._dropped).atexit = False

    @contained
    def _dropped(self) -> None:
        if self._outside is None:  # no step has begun
            self._end_forgotten(GeneratorExit())

    @contained
    def resume(self) -> None:
        """A step of the host's code begins."""
        self._former = _scope.get()
        self._outside = otel.get_current()
        _scope.set(self)
        if self._inside is not None:
            otel.attach(self._inside)

    @contained
    def suspend(self) -> None:
        """The step is over: what was current before it is current again."""
        self._put_back()

    def _put_back(self) -> None:
        # In a foreign context, where an abandoned coroutine is finished off, there is nothing to put back.
        if _scope.get() is not self:
            return
        _scope.set(self._former)
        if self._inside is not None and self._outside is not None:
            # What the body left current waits for its next step; the caller never sees it.
            self._inside = otel.get_current()
            otel.attach(self._outside)

    @contained
    def suspend_and_close(self, error: BaseException | None) -> None:
        """The call of a function is over: both `suspend` and `close`."""
        self._put_back()
        self._end_forgotten(error)

    @contained
    def suspend_and_close_soon(self, error: BaseException | None) -> None:
        """The call of a coroutine function is over: both `suspend` and `close_soon`."""
        self._put_back()
        self.close_soon(error)

    def start_context(self, run_id: UUID, current: Context) -> Context:
        """The context that a run starts in: another handler of ours may have just made the run current."""
        if self._inside is None or self._outside is None or not self._runs or self._runs[0].run_id != run_id:
            return current
        return self._outside

    def is_direct_child(self, callback: CallbackType | None, current: Context) -> bool:
        """Whether a run of that callback that starts in `current` stands directly under the call."""
        # Inside a run's body another context is current, so runs nested deeper do not match.
        return callback is not None and callback is self.callback and current is self._outside

    def started(self, run: ScopedRun) -> None:
        """Note a run that was started directly under the call."""
        self._runs.append(run)
        if self.attach_on_start and self._inside is None:
            self._inside = run.context
            otel.attach(run.context)

    @contained
    def close(self, error: BaseException | None) -> None:
        """The call is over: end what is still open."""
        self._end_forgotten(error)

    @contained
    def close_soon(self, error: BaseException | None) -> None:
        """The call is over: end what is still open, after an end event that is already on its way."""
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
        # Of several prompts the one that failed got its error event: its siblings did not fail.
        cause = error if len(self._runs) <= 1 or _stops_all(error) else None
        for run in self._runs if self._if_closed is None else [self._if_closed]:
            if run.is_open:
                run.abandon(cause)


def _stops_all(error: BaseException | None) -> bool:
    return isinstance(error, asyncio.CancelledError | GeneratorExit)


_scope: ContextVar[Scope | None] = ContextVar("langspan_scope", default=None)


def current_scope() -> Scope | None:
    """The innermost scope around the running code."""
    return _scope.get()


def enter(context: Context) -> None:
    """Make `context` current in a `contextvars.Context` that its owner throws away after use."""
    otel.attach(context)


def swap(context: Context) -> Context:
    """Make `context` current and return what was, for `swap_back`."""
    previous = otel.get_current()
    otel.attach(context)
    return previous


def swap_back(previous: Context, only_if: Context | None = None) -> None:
    """Put back what `swap` returned.

    Args:
        previous: What was current before.
        only_if: Leave everything as it is unless this is current: a coroutine may be finished off in a
            foreign context.
    """
    if only_if is None or otel.get_current() is only_if:
        otel.attach(previous)
