"""Event streams of remote graphs: `stream_events` and `astream_events` of a `RemoteGraph` with version "v3".

They return an object that starts a run on the server when it is entered. The application's own code runs
inside; what becomes of the run is told in streams that the SDK reads in threads and tasks of its own.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from langspan._events import Started
from langspan._guard import Guard
from langspan._reading import stored
from langspan._values import as_str
from langspan.context.drivers import arun_in_context, run_in_context
from langspan.kinds.remote_events import RemoteEvents
from langspan.kinds.remote_graphs import ANSWER
from langspan.langchain.patches.by_identity import ByIdentity
from langspan.langchain.patches.calls import CallRecorder, argument
from langspan.langchain.patches.heard import AsyncHeard, Heard
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.remote_calls import settled, started
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

_STREAMS: Final = "langgraph.pregel._remote_run_stream"
_TRANSPORTS: Final = "langgraph_sdk.stream.transport"


class _Asked(NamedTuple):
    graph: Any
    client: str
    payload: Any
    config: Any


class EventStreams:
    """Records the runs of event streams.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        recorder: The recorder of the runs.
        calls: Starts them.
    """

    def __init__(self, ledger: Ledger, guard: Guard, recorder: Recorder, calls: CallRecorder) -> None:
        self._ledger, self._guard, self._recorder = ledger, guard, recorder
        self._start = calls.beginning(self._describe)
        self._asked = ByIdentity[_Asked]()
        # By the stream that the application has, the SDK's below it, and the transport below that.
        self._runs = ByIdentity[UUID]()
        self._remote_exception: Callable[[str], Exception] = RuntimeError

    def patch(self, module: ModuleType) -> None:
        """Patch event streams, if this version has them.

        Args:
            module: `langgraph.pregel.remote`.
        """
        streams, transports = sys.modules.get(_STREAMS), sys.modules.get(_TRANSPORTS)
        if streams is None or transports is None:
            return
        wrap, self._remote_exception = self._ledger.wrap, module.RemoteException
        after, awaited, before = self._after, self._after_awaiting, self._before
        wrap(module.RemoteGraph, "stream_events", after(functools.partial(self._ask, "sync_client")))
        wrap(module.RemoteGraph, "astream_events", awaited(functools.partial(self._ask, "client")))
        wrap(streams._RemoteGraphRunStream, "__enter__", self._entering())  # noqa: SLF001 - theirs
        wrap(streams._AsyncRemoteGraphRunStream, "__aenter__", self._entering_async())  # noqa: SLF001
        for owner, leave in (
            (streams._RemoteGraphRunStream, "__exit__"),  # noqa: SLF001
            (streams._AsyncRemoteGraphRunStream, "__aexit__"),  # noqa: SLF001
        ):
            # Before the connections are closed, which takes time, and which no server has asked for.
            wrap(owner, leave, before(self._leave))
            wrap(owner, "abort", before(self._leave))
        for owner in (streams.SyncThreadStream, streams.AsyncThreadStream):
            wrap(owner, "_apply_lifecycle_event", before(self._hear))
            wrap(owner, "_fail_run_done", before(self._failed))
        wrap(streams.SyncThreadStream, "_fetch_state", after(self._fetched))
        wrap(streams.AsyncThreadStream, "_fetch_state", awaited(self._fetched))
        for owner in (transports.SyncProtocolSseTransport, transports.ProtocolSseTransport):
            wrap(owner, "open_event_stream", after(self._opened))

    # -- wrappers of methods, which tell of a call before it or after it

    def _before(self, note: Callable[..., None]) -> Wrapper:
        guard = self._guard

        def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            guard.call(note, instance, *args)
            return wrapped(*args, **kwargs)

        return wrapper

    def _after(self, note: Callable[..., None]) -> Wrapper:
        guard = self._guard

        def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            result = wrapped(*args, **kwargs)
            guard.call(note, instance, result, *args, **kwargs)
            return result

        return wrapper

    def _after_awaiting(self, note: Callable[..., None]) -> Wrapper:
        guard = self._guard

        async def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            result = await wrapped(*args, **kwargs)
            guard.call(note, instance, result, *args, **kwargs)
            return result

        return wrapper

    # -- the calls that return a stream

    def _ask(self, client: str, graph: Any, stream: Any, *args: Any, **kwargs: Any) -> None:
        streams: Any = sys.modules[_STREAMS]
        if type(stream) not in (streams._RemoteGraphRunStream, streams._AsyncRemoteGraphRunStream):  # noqa: SLF001
            return
        payload = argument(args, kwargs, 0, "input")
        config = argument(args, kwargs, 1, "config")
        self._asked.keep(stream, _Asked(graph, client, payload, config))

    # -- the stream is entered: the run starts

    def _entering(self) -> Wrapper:
        guard, recorder = self._guard, self._recorder

        def wrapper(wrapped: Any, stream: Any, args: Any, kwargs: Any) -> Any:
            run = guard.call(self._begin, stream)
            if run is None:
                return wrapped(*args, **kwargs)
            try:
                result = run_in_context(run.context, wrapped, *args, **kwargs)
            except BaseException as error:
                recorder.fail(run.run_id, error)
                raise
            guard.call(self._entered, stream, run)
            return result

        return wrapper

    def _entering_async(self) -> Wrapper:
        guard, recorder = self._guard, self._recorder

        async def wrapper(wrapped: Any, stream: Any, args: Any, kwargs: Any) -> Any:
            run = guard.call(self._begin, stream)
            if run is None:
                return await wrapped(*args, **kwargs)
            try:
                result = await arun_in_context(run.context, wrapped, *args, **kwargs)
            except BaseException as error:
                recorder.fail(run.run_id, error)
                raise
            guard.call(self._entered, stream, run)
            return result

        return wrapper

    def _begin(self, stream: Any) -> Run | None:
        run_id = uuid4()
        for each in (stream, stored(stream, "_sdk")):
            self._runs.keep(each, run_id)
        self._start(run_id, stream, (), {})
        return self._recorder.run(run_id)

    def _describe(self, run_id: UUID, stream: Any, _args: Any, _kwargs: Any) -> Started | None:
        asked = self._asked.of(stream)
        return None if asked is None else started(run_id, *asked, RemoteEvents())

    def _entered(self, stream: Any, run: Run) -> None:
        answer = _answer(run)
        if answer is not None:
            answer.run_id = as_str(stored(stream, "_run_id"))
        self._runs.keep(stored(stored(stream, "_sdk"), "_transport"), run.run_id)

    # -- meanwhile: what the server tells

    def _opened(self, transport: Any, handle: Any, *_: Any, **__: Any) -> None:
        if self._answer_of(transport) is not None:
            call, hear = self._guard.call, self._hear
            kind = AsyncHeard if hasattr(type(handle.events), "__anext__") else Heard
            handle.events = kind(handle.events, lambda event: call(hear, transport, event))

    def _hear(self, owner: Any, event: Any) -> None:
        answer = self._answer_of(owner)
        if answer is not None:
            answer.tell(event, time.time_ns())

    def _fetched(self, stream: Any, state: Any) -> None:
        answer = self._answer_of(stream)
        if answer is not None:
            answer.fetched(state)

    def _failed(self, stream: Any, error: BaseException) -> None:
        answer = self._answer_of(stream)
        if answer is not None:
            answer.failure = error

    # -- the stream is left: the run ends, if not before

    def _leave(
        self, stream: Any, _type: Any = None, error: BaseException | None = None, _trace: Any = None
    ) -> None:
        run_id = self._runs.of(stream)
        run = None if run_id is None else self._recorder.run(run_id)
        answer = None if run is None else _answer(run)
        if run is None or answer is None:
            return
        failure = self._guard.call(self._settle, run, answer, error)
        if failure is None:
            self._recorder.end(run.run_id, answer)
        else:
            self._recorder.fail(run.run_id, failure, {ANSWER: answer})

    def _settle(self, run: Run, answer: RemoteEvents, error: BaseException | None) -> BaseException | None:
        """Return how the run has failed; None if it has not."""
        answer.settle()
        settled(self._recorder, run)
        run.ended = answer.ended
        if answer.error is not None:
            return self._remote_exception(answer.error)
        if answer.ended is not None:
            return None
        left = error if isinstance(error, asyncio.CancelledError) else GeneratorExit()
        return answer.failure or left

    def _answer_of(self, owner: Any) -> RemoteEvents | None:
        run_id = self._runs.of(owner)
        run = None if run_id is None else self._recorder.run(run_id)
        return None if run is None else _answer(run)


def _answer(run: Run) -> RemoteEvents | None:
    answer = None if run.event is None else run.event.extra.get(ANSWER)
    return answer if isinstance(answer, RemoteEvents) else None
