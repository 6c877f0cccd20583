"""Agents: `invoke_agent`, with the totals of their own model calls.

Source: OpenTelemetry GenAI conventions (invoke agent span). A nested agent's calls count for that agent only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from langspan._events import Call, Graph, Started
from langspan._values import Attributes, as_mapping, as_str
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import AgentCall, ModelCall, RunKind, RunView
from langspan.kinds.graphs import WORKFLOW, chosen_name
from langspan.kinds.sums import common_request, token_sums


def agent_end(calls: Sequence[ModelCall]) -> Attributes:
    """Return the token totals, what all requests had in common, and the last answer's finish reasons.

    Args:
        calls: The agent's own model calls, including failed ones, in the order in which they ended.
    """
    if not calls:
        return {}
    attributes: Attributes = {}
    models = {call.model for call in calls}
    if len(models) == 1 and (model := models.pop()) is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    attributes.update(common_request(calls))
    attributes.update(token_sums(calls))
    reasons = calls[-1].finish_reasons
    if reasons:
        attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] = list(reasons)
    return attributes


def _target(event: Started, call: Call | None, graph: Graph | None) -> str | None:
    return chosen_name(event, call, graph) or as_str(as_mapping(event.metadata).get("lc_agent_name"))


def _at_end(run: RunView, _data: Any) -> Attributes:
    return agent_end(run.model_calls)


def _measure(run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    tools = run.calls.count(AgentCall.TOOL)
    return [
        measured(metrics.AGENT_DURATION, seconds, attributes),
        measured(metrics.AGENT_INFERENCE_CALLS, len(run.calls) - tools, attributes),
        measured(metrics.AGENT_TOOL_CALLS, tools, attributes),
    ]


AGENT: Final[RunKind] = replace(
    WORKFLOW,
    name="invoke_agent",
    operation=names.OperationName.INVOKE_AGENT,
    prefix=names.OperationName.INVOKE_AGENT,
    target_attribute=names.GEN_AI_AGENT_NAME,
    target=_target,
    at_end=_at_end,
    at_failure=_at_end,
    metrics=(metrics.AGENT_DURATION, metrics.AGENT_INFERENCE_CALLS, metrics.AGENT_TOOL_CALLS),
    measure=_measure,
    is_agent=True,
    sums_at_root=False,
)
