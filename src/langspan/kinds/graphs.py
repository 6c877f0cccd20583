"""LangGraph graphs, `invoke_workflow`, and their nodes, which are not GenAI operations.

Source: OpenTelemetry GenAI conventions (invoke workflow span); the metadata that LangGraph adds to its runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Graph, Started
from langspan._values import Attributes, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.content.tool_calls import skipped_calls
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import DEFAULT_GRAPH_NAMES, RunKind, RunView, run_name
from langspan.kinds.chains import CHAIN


def chosen_name(event: Started, _call: Call | None, graph: Graph | None) -> str | None:
    """Return the name that somebody gave the graph; its run may be called differently."""
    if graph is not None and graph.own_name is not None:
        name = as_str(graph.own_name)
    else:
        name = run_name(event) or CHAIN.name
    return None if name in DEFAULT_GRAPH_NAMES else name


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    return {} if event.extra.get("defers_inputs") else renderer.state_in(event.payload)


def _content_at_end(renderer: ContentRenderer, result: Any, extra: Mapping[str, Any]) -> Texts:
    return {**_content_at_failure(renderer, extra), **renderer.state_out(result)}


def _content_at_failure(renderer: ContentRenderer, extra: Mapping[str, Any]) -> Texts:
    """Return the input of a streamed graph, which is only known from its end or error event."""
    value = extra.get("inputs")
    return {} if value is None else renderer.state_in(value)


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.WORKFLOW_DURATION, seconds, attributes)]


WORKFLOW: Final = RunKind(
    name="invoke_workflow",
    operation=names.OperationName.INVOKE_WORKFLOW,
    prefix=names.OperationName.INVOKE_WORKFLOW,
    span_kind=SpanKind.INTERNAL,
    target_attribute=names.GEN_AI_WORKFLOW_NAME,
    callback=CallbackType.CHAIN,
    target=chosen_name,
    provider=None,
    at_start=None,
    at_end=None,
    at_failure=None,
    reported_error=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=_content_at_failure,
    metrics=(metrics.WORKFLOW_DURATION,),
    measure=_measure,
    counts_as=None,
    is_agent=False,
    is_graph=True,
    sums_at_root=True,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)


def _node_content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    left_out = not renderer.shows_input or event.extra.get("defers_inputs")
    return {} if left_out else {names.LANGCHAIN_INPUT: renderer.render(event.payload, "state")}


def _node_content_at_end(renderer: ContentRenderer, result: Any, extra: Mapping[str, Any]) -> Texts:
    output = renderer.render(result, "state") if renderer.shows_output else None
    return {**_node_content_at_failure(renderer, extra), names.LANGCHAIN_OUTPUT: output}


def _node_content_at_failure(renderer: ContentRenderer, extra: Mapping[str, Any]) -> Texts:
    value = extra.get("inputs")
    left_out = value is None or not renderer.shows_input
    return {} if left_out else {names.LANGCHAIN_INPUT: renderer.render(value, "state")}


NODE: Final = replace(
    CHAIN,
    name="node",
    prefix="node",
    target_attribute=names.LANGGRAPH_NODE,
    content_at_start=_node_content_at_start,
    content_at_end=_node_content_at_end,
    content_at_failure=_node_content_at_failure,
    is_graph=True,
    sums_at_root=False,
    skipped_calls=skipped_calls,
)
