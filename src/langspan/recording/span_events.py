"""Things that happen during a run, as span events: name and attributes.

Each function takes `render`, which turns content into text where content is recorded, and gives None
where it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from langspan._reading import stored
from langspan._values import Attributes, as_count, as_str
from langspan.content.tool_calls import SkippedCall
from langspan.conventions import names
from langspan.recording.outcomes import error_type

Render: TypeAlias = Callable[[Any, str], str | None]
SpanEvent: TypeAlias = tuple[str, Attributes]

CUSTOM_EVENT: Final = "langchain.custom_event"
RETRY: Final = "langchain.retry"
TOOL_CALL_SKIPPED: Final = "langchain.tool_call.skipped"
TEXT: Final = "langchain.text"
AGENT_ACTION: Final = "langchain.agent.action"
AGENT_FINISH: Final = "langchain.agent.finish"
INTERRUPT: Final = "langgraph.interrupt"
RESUME: Final = "langgraph.resume"
REPLAY: Final = "langgraph.replay"
BUDGET_EXCEEDED: Final = "langspan.budget.exceeded"


def custom_event(render: Render, name: str, data: Any) -> SpanEvent:
    """An event that the application dispatched with `dispatch_custom_event`."""
    return CUSTOM_EVENT, _present(
        {names.LANGCHAIN_EVENT_NAME: as_str(name), names.LANGCHAIN_EVENT_DATA: render(data, "event")}
    )


def retry(_render: Render, state: Any) -> SpanEvent:
    """Another attempt inside one model call; `state` is tenacity's `RetryCallState`."""
    outcome = getattr(state, "outcome", None)
    error = outcome.exception() if outcome is not None and outcome.failed else None
    return RETRY, _present(
        {
            names.LANGCHAIN_RETRY_ATTEMPT: as_count(getattr(state, "attempt_number", None)),
            names.ERROR_TYPE: error_type(error) if error is not None else None,
        }
    )


def tool_call_skipped(render: Render, call: SkippedCall) -> SpanEvent:
    """A model's tool call was answered, or given up, without any tool having run."""
    answer = None if call.answer is None else render(call.answer, "tool_result")
    return TOOL_CALL_SKIPPED, _present(
        {
            names.GEN_AI_TOOL_NAME: call.name,
            names.GEN_AI_TOOL_CALL_ID: call.call_id,
            names.LANGCHAIN_TOOL_CALL_REASON: call.reason,
            names.GEN_AI_TOOL_CALL_ARGUMENTS: render(call.arguments, "tool_arguments"),
            names.GEN_AI_TOOL_CALL_RESULT: answer,
        }
    )


def text(render: Render, value: Any) -> SpanEvent:
    """Intermediate text of a classic chain."""
    return TEXT, _present({names.LANGCHAIN_TEXT: render(value, "text")})


def agent_action(render: Render, action: Any) -> SpanEvent:
    """A classic agent chose a tool."""
    return AGENT_ACTION, _present(
        {
            names.GEN_AI_TOOL_NAME: as_str(stored(action, "tool")),
            names.GEN_AI_TOOL_CALL_ARGUMENTS: render(stored(action, "tool_input"), "tool_arguments"),
        }
    )


def agent_finish(render: Render, finish: Any) -> SpanEvent:
    """A classic agent is done."""
    return AGENT_FINISH, _present({names.LANGCHAIN_OUTPUT: render(stored(finish, "return_values"), "output")})


def interrupt(render: Render, event: Any) -> SpanEvent:
    """A LangGraph graph stopped to wait for its user."""
    values = [getattr(each, "value", None) for each in getattr(event, "interrupts", ())]
    return INTERRUPT, _present(
        {
            names.LANGGRAPH_INTERRUPT_STATUS: as_str(getattr(event, "status", None)),
            names.LANGGRAPH_INTERRUPT_COUNT: len(values),
            names.LANGGRAPH_CHECKPOINT_ID: as_str(getattr(event, "checkpoint_id", None)),
            names.LANGGRAPH_INTERRUPT_VALUES: render(values, "interrupt") if values else None,
        }
    )


def resume(_render: Render, event: Any) -> SpanEvent:
    """A LangGraph graph goes on after an interrupt."""
    return RESUME, _present({names.LANGGRAPH_CHECKPOINT_ID: as_str(getattr(event, "checkpoint_id", None))})


def replay(_render: Render, checkpoint_id: str) -> SpanEvent:
    """A LangGraph graph goes on from a past checkpoint, at which it had not stopped."""
    return REPLAY, {names.LANGGRAPH_CHECKPOINT_ID: checkpoint_id}


def _present(values: dict[str, Any]) -> Attributes:
    return {name: value for name, value in values.items() if value is not None}
