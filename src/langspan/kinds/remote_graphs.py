"""Remote graphs: `invoke_agent` of a client. They have no callbacks, so the calls themselves are recorded.

Source: OpenTelemetry GenAI conventions (invoke agent client span); the fields of `RemoteGraph`, and the
events that LangGraph's server streams. Only stored values are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import as_list, fields_of
from langspan._values import Attributes, as_mapping, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import RunKind, RunView, no_content
from langspan.providers.request import server

GRAPH: Final = "graph"
URL: Final = "url"
ANSWER: Final = "answer"
"""What a start event has as extra data: the `RemoteGraph`, the server's URL, the `RemoteAnswer`."""

_PROVIDER: Final = "langgraph"  # what answers there speaks LangGraph's API, whatever runs behind it
_INTERRUPT: Final = "__interrupt__"
_OF_SUBGRAPHS: Final = "|"
_INTERRUPTING: Final = frozenset({"updates", "values"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class RemoteAnswer:
    """What a server tells of a run, as its events come.

    Attributes:
        run_id: The server's id of the run.
        values: The last state of the graph, if states were asked for.
        interrupts: The values with which the graph asks its user something, by the ids of the interrupts.
    """

    __slots__ = ("interrupts", "run_id", "values")

    def __init__(self) -> None:
        self.run_id: str | None = None
        self.values: Any = None
        self.interrupts: dict[Any, Any] = {}

    def add(self, event: str, data: Any) -> None:
        """Take what an event tells.

        Args:
            event: Its name: a stream mode, and behind a bar the namespace of a subgraph.
            data: Its data, as parsed from JSON.
        """
        mode = event.partition(_OF_SUBGRAPHS)[0]
        if mode == "metadata":
            self.run_id = as_str(as_mapping(data).get("run_id")) or self.run_id
        elif mode in _INTERRUPTING:
            for each in as_list(as_mapping(data).get(_INTERRUPT)) or ():
                found = as_mapping(each)
                known_as = as_str(found.get("id")) or as_str(found.get("interrupt_id"))
                self.interrupts[known_as or len(self.interrupts)] = found.get("value")
            if event == "values":
                self.values = data


def remote_start(graph: object, url: str | None) -> Attributes:
    """Return the attributes known before a call is made. No content, and of the URL only host and port.

    Args:
        graph: The `RemoteGraph`.
        url: The URL of the server, if known.
    """
    attributes: Attributes = {} if url is None else server(url)
    assistant = as_str(fields_of(graph).get("assistant_id"))
    if assistant is not None:
        attributes[names.LANGGRAPH_ASSISTANT_ID] = assistant
        if _UUID.fullmatch(assistant):  # otherwise it is the name of a graph
            attributes[names.GEN_AI_AGENT_ID] = assistant
    return attributes


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    """The name of the remote graph; if nobody gave it one, LangGraph takes the assistant's id."""
    name = as_str(fields_of(event.extra.get(GRAPH)).get("name"))
    return None if name is None or _UUID.fullmatch(name) else name


def _provider(_event: Started) -> str:
    return _PROVIDER


def _at_start(_run: RunView, event: Started) -> Attributes:
    return remote_start(event.extra.get(GRAPH), event.extra.get(URL))


def _at_end(_run: RunView, answer: RemoteAnswer) -> Attributes:
    return {} if answer.run_id is None else {names.LANGGRAPH_RUN_ID: answer.run_id}


def _at_failure(run: RunView, extra: Mapping[str, Any]) -> Attributes:
    answer = extra.get(ANSWER)
    return {} if answer is None else _at_end(run, answer)


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    return renderer.state_in(event.payload)


def _content_at_end(renderer: ContentRenderer, answer: RemoteAnswer, _extra: Mapping[str, Any]) -> Texts:
    if answer.values is None:
        return {}
    state = as_mapping(answer.values)
    left = {key: value for key, value in state.items() if key != _INTERRUPT} if state else answer.values
    return renderer.state_out(left)


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.OPERATION_DURATION, seconds, attributes)]


REMOTE_AGENT: Final = RunKind(
    name="remote_agent",
    operation=names.OperationName.INVOKE_AGENT,
    prefix=names.OperationName.INVOKE_AGENT,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.GEN_AI_AGENT_NAME,
    callback=None,
    target=_target,
    provider=_provider,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=_at_failure,
    reported_error=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=no_content,
    metrics=(metrics.OPERATION_DURATION,),
    measure=_measure,
    counts_as=None,
    # What is called there is called in another process.
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
