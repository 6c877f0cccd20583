"""Runs that LangChain sends no events for: the call of a method is recorded from its start to its end.

A patch says what a call is; here it becomes a run, is made current in the method's body, and is ended once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutinefunction
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from opentelemetry.context import Context

from langspan._events import Started
from langspan._guard import Guard, contained
from langspan._values import Attributes
from langspan.context.drivers import (
    aiterate_in_scope,
    arun_in_context,
    iterate_in_scope,
    run_in_context,
)
from langspan.context.scope import Scope
from langspan.kinds.base import RunKind
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.recording.recorder import Recorder
from langspan.recording.run import NO_ATTRIBUTES, Run

Describe: TypeAlias = Callable[[UUID, Any, tuple[Any, ...], dict[str, Any]], Started | None]
"""Makes a call's start event, from a new run id, the instance and the arguments; None to record nothing."""

Returned: TypeAlias = Callable[[Any], Any]
"""Makes the result that the run's kind reads from what the method returned."""

Raised: TypeAlias = Callable[[BaseException], Attributes]
"""Makes what the run's kind reads at a failure from what the method raised."""

Ended: TypeAlias = Callable[[UUID, BaseException | None, int], None]
"""Ends the run of a stream, which has come to its end or has raised, after so many steps."""

Begin: TypeAlias = Callable[[UUID, Any, tuple[Any, ...], dict[str, Any]], Context | None]
"""Starts a run, of which it takes what `Describe` takes; None if nothing is recorded."""


def call_started(run_id: UUID, payload: Any, name: str | None = None, **extra: Any) -> Started:
    """Return the start event of a call.

    Args:
        run_id: The id of its run.
        payload: Its input.
        name: Its name, if it has one.
        extra: What else the run's kind reads.
    """
    return Started(None, run_id, None, name, None, None, None, payload, extra)


def argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, name: str) -> Any:
    """Return an argument of a call, given by position or by name; None if it is neither.

    Args:
        args: The positional ones.
        kwargs: Those by name.
        position: Where it stands.
        name: What it is called.
    """
    return args[position] if len(args) > position else kwargs.get(name)


def is_call_of(run: Run | None, name: str, instance: object, kinds: Sequence[RunKind]) -> bool:
    """Return whether a run is an open call on that very object.

    Args:
        run: The innermost run, if there is one.
        name: Under which name the start events of such calls hold their object.
        instance: The object.
        kinds: The kinds of run that are calls on it.
    """
    if run is None or run.kind not in kinds or run.event is None:
        return False
    return run.event.extra[name] is instance


class RecordedStream(Scope):
    """The scope of a stream that is a run from its first step to its end.

    A stream that nobody iterates does nothing, and is no run.

    Args:
        guard: The error boundary.
        begin: Starts the run, and returns the context of its body.
        end: Ends the run.
    """

    __slots__ = ("_begin", "_end", "_run_id", "_steps")

    def __init__(self, guard: Guard, begin: Callable[[UUID], Context | None], end: Ended) -> None:
        super().__init__(guard, None)
        self._begin, self._end = begin, end
        self._run_id: UUID | None = None
        self._steps = 0

    @contained
    def resume(self) -> None:
        """Start the run before the first step, and make it current before each."""
        if self._run_id is None:
            self._run_id = uuid4()
            self._inside = self._begin(self._run_id)
        self._steps += 1
        super().resume()

    @contained
    def close(self, error: BaseException | None) -> None:
        """End the run."""
        if self._run_id is not None:
            self._end(self._run_id, error, self._steps)

    close_soon = close  # no callback could still tell of its end


class CallRecorder:
    """Makes the wrappers of methods whose calls are runs of one kind.

    Args:
        ledger: The record of the patches: once they are undone, nothing is recorded.
        guard: The error boundary.
        recorder: The recorder of the runs.
        kind: The kind of run that a call is.
    """

    def __init__(self, ledger: Ledger, guard: Guard, recorder: Recorder, kind: RunKind) -> None:
        self._ledger, self._guard, self._recorder, self._kind = ledger, guard, recorder, kind

    def calling(self, describe: Describe, returned: Returned | None = None) -> Wrapper:
        """Return the wrapper of a method.

        Args:
            describe: Makes the start event.
            returned: Makes the result; None to take what the method returned.
        """
        guard, recorder, begin = self._guard, self._recorder, self.beginning(describe)

        def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            run_id = uuid4()
            context = guard.call(begin, run_id, instance, args, kwargs)
            if context is None:
                return wrapped(*args, **kwargs)
            try:
                result = run_in_context(context, wrapped, *args, **kwargs)
            except BaseException as error:
                recorder.fail(run_id, error)
                raise
            recorder.end(run_id, result if returned is None else guard.call(returned, result))
            return result

        return wrapper

    def awaiting(
        self, describe: Describe, returned: Returned | None = None, raised: Raised | None = None
    ) -> Wrapper:
        """Return the wrapper of a coroutine method.

        Args:
            describe: Makes the start event.
            returned: Makes the result; None to take what the method returned.
            raised: Makes what the kind reads at a failure; None if it reads nothing.
        """
        guard, recorder, begin = self._guard, self._recorder, self.beginning(describe)

        async def recorded(body: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            run_id = uuid4()
            context = guard.call(begin, run_id, instance, args, kwargs)
            if context is None:
                return await body(*args, **kwargs)
            try:
                result = await arun_in_context(context, body, *args, **kwargs)
            except BaseException as error:
                extra = NO_ATTRIBUTES if raised is None else guard.call(raised, error) or NO_ATTRIBUTES
                recorder.fail(run_id, error, extra)
                raise
            recorder.end(run_id, result if returned is None else guard.call(returned, result))
            return result

        def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if iscoroutinefunction(wrapped):
                return recorded(wrapped, instance, args, kwargs)
            # It may start something at once, and return more than can be awaited.
            result = wrapped(*args, **kwargs)
            if type(result) is not CoroutineType:
                return result
            return recorded(lambda *_, **__: result, instance, args, kwargs)

        return wrapper

    def streaming(self, describe: Describe, end: Ended) -> Wrapper:
        """Return the wrapper of a generator method, synchronous or not; other results pass unchanged.

        Args:
            describe: Makes the start event.
            end: Ends the run.
        """
        guard, begin = self._guard, self.beginning(describe)

        def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            generator = wrapped(*args, **kwargs)
            stream = guard.call(RecordedStream, guard, lambda run: begin(run, instance, args, kwargs), end)
            if stream is not None and isinstance(generator, GeneratorType):
                return iterate_in_scope(stream, generator)
            if stream is not None and isinstance(generator, AsyncGeneratorType):
                return aiterate_in_scope(stream, generator)
            return generator

        return wrapper

    def beginning(self, describe: Describe) -> Begin:
        """Return a function that starts the run of a call, and returns the context of its body.

        Args:
            describe: Makes the start event.
        """
        ledger, recorder, kind = self._ledger, self._recorder, self._kind

        def begin(run_id: UUID, instance: Any, args: tuple[Any, ...], kwargs: Any) -> Context | None:
            event = None if ledger.closed else describe(run_id, instance, args, kwargs)
            if event is None:
                return None
            recorder.start(event, kind)
            run = recorder.run(run_id)
            return None if run is None else run.context

        return begin
