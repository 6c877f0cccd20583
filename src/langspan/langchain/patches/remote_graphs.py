"""Remote graphs: LangGraph's `RemoteGraph` sends no callbacks, so its streams are recorded.

Its other methods call `stream` or `astream`, but for its event streams: see `remote_events`. What the server
answers is heard where the SDK decodes it, for a stream yields only what it was asked for. Headers are added
by `sdk_requests`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Final
from uuid import UUID

from langspan._events import Started
from langspan._guard import Guard
from langspan.kinds.remote_graphs import ANSWER, REMOTE_AGENT, RemoteAnswer
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, Ended, argument
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.remote_calls import settled, started
from langspan.langchain.patches.remote_events import EventStreams
from langspan.recording.recorder import Recorder

_CLIENTS: Final = {"stream": "sync_client", "astream": "client"}
"""The methods, and the client that each uses."""


def patch(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch `RemoteGraph`.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langgraph.pregel.remote`.
    """
    recorder = handler.recorder
    calls = CallRecorder(ledger, guard, recorder, REMOTE_AGENT)
    for name, client in _CLIENTS.items():
        wrapper = calls.streaming(_describing(client), _ending(guard, recorder))
        ledger.wrap(module.RemoteGraph, name, wrapper)
    sse = sys.modules.get("langgraph_sdk.sse")
    if sse is not None:
        ledger.wrap(sse.SSEDecoder, "decode", _listening(guard, recorder))
    EventStreams(ledger, guard, recorder, calls).patch(module)


def _listening(guard: Guard, recorder: Recorder) -> Wrapper:
    """Return a wrapper that hears each part of what a server answers to a remote graph's call."""

    def hear(part: Any) -> None:
        run = recorder.innermost()
        event = None if run is None else run.event
        answer = None if event is None else event.extra.get(ANSWER)
        if type(answer) is RemoteAnswer:
            answer.add(part.event, part.data)

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        part = wrapped(*args, **kwargs)
        if part is not None:
            guard.call(hear, part)
        return part

    return wrapper


def _describing(client: str) -> Describe:
    """Return a function that describes a call.

    Args:
        client: The name of the client that it uses.
    """

    def describe(run_id: UUID, graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Started:
        payload = argument(args, kwargs, 0, "input")
        config = argument(args, kwargs, 1, "config")
        return started(run_id, graph, client, payload, config, RemoteAnswer())

    return describe


def _ending(guard: Guard, recorder: Recorder) -> Ended:
    """Return a function that ends the run of a call."""

    def end(run_id: UUID, error: BaseException | None, _steps: int) -> None:
        run = recorder.run(run_id)
        answer = None if run is None else guard.call(settled, recorder, run)
        if error is None:
            recorder.end(run_id, answer)
        else:
            recorder.fail(run_id, error, {ANSWER: answer})

    return end
