"""Remote graphs: LangGraph's `RemoteGraph` sends no callbacks, so its streams are recorded.

Its other methods call `stream` or `astream`. What the server answers is heard where the SDK decodes it, for a
stream yields only what it was asked for. Headers are added by `langspan.langchain.patches.sdk_requests`.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

from langspan._events import Started
from langspan._guard import Guard
from langspan._reading import as_list, class_module, fields_of, stored
from langspan._values import as_mapping, as_str
from langspan.kinds.conversations import WHO
from langspan.kinds.remote_graphs import ANSWER, GRAPH, REMOTE_AGENT, URL, RemoteAnswer
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, Ended, argument
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.recording import span_events
from langspan.recording.interrupts import is_resume
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

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
        return started(run_id, graph, client, payload, config)

    return describe


def started(run_id: UUID, graph: Any, client: str, payload: Any, config: Any) -> Started:
    """Return the start event of a call.

    Args:
        run_id: The id of its run.
        graph: The `RemoteGraph`.
        client: The name of the client that it uses.
        payload: The input.
        config: The config of the call; that of the graph itself counts as well.
    """
    configs = (as_mapping(fields_of(graph).get("config")), as_mapping(config))
    metadata: dict[str, Any] = {}
    for each in configs:
        configurable = as_mapping(each.get("configurable"))
        metadata.update({key: configurable[key] for key in WHO if key in configurable})
    for each in configs:
        metadata.update(as_mapping(each.get("metadata")))
    return Started(
        None,
        run_id,
        stored(configs[1].get("callbacks"), "parent_run_id"),
        as_str(configs[1].get("run_name")),
        None,
        [tag for each in configs for tag in as_list(each.get("tags")) or ()],
        metadata,
        payload,
        {GRAPH: graph, URL: url_of(stored(graph, client)), ANSWER: RemoteAnswer()},
    )


def url_of(client: Any) -> str | None:
    """Return the URL of a LangGraph client's server; it may contain a password."""
    url = stored(stored(stored(client, "http"), "client"), "_base_url")
    return str(url) if class_module(type(url)).partition(".")[0] == "httpx" else None


def _ending(guard: Guard, recorder: Recorder) -> Ended:
    """Return a function that ends the run of a call."""

    def end(run_id: UUID, error: BaseException | None, _steps: int) -> None:
        run = recorder.run(run_id)
        answer = None if run is None else guard.call(_settled, recorder, run)
        if error is None:
            recorder.end(run_id, answer)
        else:
            recorder.fail(run_id, error, {ANSWER: answer})

    return end


def _settled(recorder: Recorder, run: Run) -> RemoteAnswer:
    """Return what the server told, and note whether its graph waits for its user, or goes on after that."""
    event: Any = run.event
    answer: RemoteAnswer = event.extra[ANSWER]
    if is_resume(event.payload):
        recorder.interrupts.link(run)
    if answer.interrupts:
        run.interrupted = True
        if not run.inside_graph:  # a graph around it may do without the answer
            recorder.interrupts.stopped(run)
        values = [SimpleNamespace(value=each) for each in answer.interrupts.values()]
        told = SimpleNamespace(interrupts=values)
        recorder.add_event(run.run_id, span_events.interrupt, told)
    return answer
