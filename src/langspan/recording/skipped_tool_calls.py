"""Tool calls that never ran, told on the span of the node that decided so.

Tools that start are noted on the nodes around them. When a node ends, the calls that it answered and that are
not noted are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langspan._events import Started
from langspan.content.tool_calls import answers_nothing
from langspan.kinds.base import requested_call_id
from langspan.recording.run import Run
from langspan.recording.span_events import Render, tool_call_skipped

_NONE: Final[frozenset[str]] = frozenset()


def note_tool(run: Run, event: Started) -> None:
    """Note on the nodes around a tool's run which call it answers; without an id, the tool's name.

    Args:
        run: The run of the tool.
        event: Its start event.
    """
    noted = requested_call_id(event, run.call) or run.target
    if noted is not None:
        _note(run.parent, noted)


def tell_skipped(render: Render, run: Run, extra: Mapping[str, Any], outcome: Any) -> None:
    """Tell the calls that a node answered, or gave up, without a tool.

    Args:
        render: Renders content, where content is recorded.
        run: The node's run.
        extra: The keywords of its end event; only there a streamed run tells what it got.
        outcome: What it returned or raised.
    """
    find, parent = run.kind.skipped_calls, run.parent
    if find is None or not run.is_recording or answers_nothing(outcome):
        return
    inputs = extra.get("inputs")
    if inputs is None and run.event is not None:
        inputs = run.event.payload
    in_agent = parent is not None and parent.kind.is_agent
    for call in find(run.target, in_agent, inputs, outcome, run.tools_ran or _NONE):
        name, attributes = tool_call_skipped(render, call)
        run.span.add_event(name, attributes)
        _note(parent, call.call_id)  # a node around this one hands on its answer


def _note(node: Run | None, noted: str) -> None:
    while node is not None:
        if node.kind.skipped_calls is not None:
            if node.tools_ran is None:
                node.tools_ran = set()
            node.tools_ran.add(noted)
        node = node.parent
