"""What every call of a remote graph has in common: its start event, and what its answer means for its run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from langspan._events import Started
from langspan._reading import as_list, class_module, fields_of, stored
from langspan._values import as_mapping, as_str
from langspan.kinds.conversations import WHO
from langspan.kinds.remote_graphs import ANSWER, GRAPH, URL, RemoteAnswer
from langspan.recording import span_events
from langspan.recording.interrupts import is_resume
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run


def started(
    run_id: UUID, graph: Any, client: str, payload: Any, config: Any, answer: RemoteAnswer
) -> Started:
    """Return the start event of a call.

    Args:
        run_id: The id of its run.
        graph: The `RemoteGraph`.
        client: The name of the client that it uses.
        payload: The input.
        config: The config of the call; that of the graph itself counts as well.
        answer: Where to note what the server answers.
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
        {GRAPH: graph, URL: url_of(stored(graph, client)), ANSWER: answer},
    )


def url_of(client: Any) -> str | None:
    """Return the URL of a LangGraph client's server; it may contain a password."""
    url = stored(stored(stored(client, "http"), "client"), "_base_url")
    return str(url) if class_module(type(url)).partition(".")[0] == "httpx" else None


def settled(recorder: Recorder, run: Run) -> RemoteAnswer:
    """Return what the server told, and note whether its graph waits for its user, or goes on after that.

    Args:
        recorder: The recorder of the run.
        run: The run of the call, which is still open.
    """
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
