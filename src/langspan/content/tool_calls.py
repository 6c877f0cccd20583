"""Tool calls that a graph's node answered itself, so that no tool ever ran: which, and why.

Source: what nodes get and return: LangChain's messages, LangGraph's `Command` and `Send`; the names of the
nodes and the answers of `langchain.agents`, its middleware, and `langgraph.prebuilt.ToolNode`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Container, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from langchain_core.messages import AIMessage, ToolMessage

from langspan._reading import as_list, as_text, class_name, fields_of, is_base, stored
from langspan._values import as_id, as_mapping, as_str
from langspan.conventions.names import ToolCallReason

_ANSWER: Final[type] = ToolMessage
_LOOKED_AT: Final = 128  # of the latest messages; a node answers what was asked last
_MAX_NESTING: Final = 3  # of lists and commands around messages
_LIMIT: Final = "ToolCallLimitMiddleware"
_PERSON: Final = "HumanInTheLoopMiddleware"
_MARK: Final = "hitl_interrupt_decision"
_DECISIONS: Final = {"reject": ToolCallReason.REJECTED, "respond": ToolCallReason.ANSWERED_BY_PERSON}
_HOOKS: Final = frozenset({"before_agent", "before_model", "after_model", "after_agent"})
_TOOL_NODE: Final = "tools"  # its name in agents
_UNKNOWN: Final = "Error: {} is not a valid tool"


class SkippedCall(NamedTuple):
    """A tool call that a model asked for and no tool answered.

    Attributes:
        call_id: Its id.
        name: The name of the tool, if known.
        reason: What kind of reason there was.
        arguments: The call's arguments. Content.
        answer: The content of the message that answered the call; None if none did. Content.
    """

    call_id: str
    name: str | None
    reason: str
    arguments: Any
    answer: Any


def skipped_calls(
    node: str | None, in_agent: bool, inputs: Any, outcome: Any, ran: Container[str]
) -> list[SkippedCall]:
    """Return the calls pending in a node's input that the node answered without running a tool.

    Args:
        node: The name of the node.
        in_agent: The node is an agent's own.
        inputs: What the node got. What was not asked there, others have answered.
        outcome: What the node returned or raised.
        ran: The ids of the calls for which tools started below the node, and the names of tools that
            started there without an id.
    """
    if issubclass(type(outcome), BaseException):
        return _exceeding_calls(inputs, outcome, ran)
    answers = _answers(outcome)
    if not answers:
        return []
    pending = _pending(inputs)
    skipped = []
    for message in answers:
        call = pending.pop(as_id(stored(message, "tool_call_id")) or "", None)
        if call is None or _has_run(call, ran):
            continue
        reason = _reason(node, in_agent, call, message)
        skipped.append(_skipped(call, reason, stored(message, "content")))
    return skipped


def _exceeding_calls(inputs: Any, error: BaseException, ran: Container[str]) -> list[SkippedCall]:
    """The calls pending in a node's input that ran into a limit for which the node raised."""
    if class_name(type(error)) != "ToolCallLimitExceededError":
        return []
    limited = as_str(stored(error, "tool_name"))
    return [
        _skipped(call, ToolCallReason.CALL_LIMIT, None)
        for call in _pending(inputs).values()
        if not _has_run(call, ran) and limited in (None, as_str(call.get("name")))
    ]


def _skipped(call: Mapping[str, Any], reason: str, answer: Any) -> SkippedCall:
    call_id = as_id(call.get("id")) or ""
    return SkippedCall(call_id, as_str(call.get("name")), reason, call.get("args"), answer)


def _has_run(call: Mapping[str, Any], ran: Container[str]) -> bool:
    return as_id(call.get("id")) in ran or as_str(call.get("name")) in ran


def _answers(result: Any) -> list[Any]:
    """The tool messages in what a node returned. Nearly all nodes return a dictionary without any."""
    found: list[Any] = []
    command = _command()
    for value in result.values() if type(result) is dict else (result,):
        if type(value) is list:
            for item in value[-_LOOKED_AT:]:
                kind = type(item)
                if is_base(_ANSWER, kind) or kind is command or kind is list:
                    found.extend(_messages_in(item, _ANSWER))
        elif value is not None and type(value) is not str:
            found.extend(_messages_in(value, _ANSWER))
    return found


def _messages_in(value: Any, kind: type, nesting: int = _MAX_NESTING) -> Iterator[Any]:
    """The messages of a class in a value, a list, a state or a command."""
    if is_base(kind, type(value)):
        yield value
        return
    items = as_list(value)
    if items is not None:
        items = items[-_LOOKED_AT:]
    elif type(value) is dict:
        items = list(islice(value.values(), _LOOKED_AT))
    elif type(value) is _command():
        items = [stored(value, "update")]
    for item in items or () if nesting else ():
        yield from _messages_in(item, kind, nesting - 1)


@functools.cache
def _command() -> Any:
    """The class of LangGraph's commands; a node runs only where LangGraph was imported."""
    return fields_of(sys.modules.get("langgraph.types")).get("Command")


def _pending(inputs: Any) -> dict[str, Mapping[str, Any]]:
    """The calls that a node was given and nobody has answered yet, by their ids."""
    given = as_mapping(inputs)
    if given.get("__type") == "tool_call_with_context":
        return _by_id([given.get("tool_call")])
    items = as_list(inputs)
    if items and as_mapping(items[-1]).get("type") == "tool_call":
        return _by_id(items)
    state = inputs if items is not None or given else dict(fields_of(inputs))
    calls: dict[str, Mapping[str, Any]] = {}
    for message in _messages_in(state, AIMessage):
        calls.update(_by_id(as_list(stored(message, "tool_calls")) or ()))
    for message in _messages_in(state, _ANSWER):
        calls.pop(as_id(stored(message, "tool_call_id")) or "", None)
    return calls


def _by_id(calls: Any) -> dict[str, Mapping[str, Any]]:
    found = {}
    for each in calls:
        call = as_mapping(each)
        call_id = as_id(call.get("id"))
        if call_id is not None:
            found[call_id] = call
    return found


def _reason(node: str | None, in_agent: bool, call: Mapping[str, Any], message: Any) -> str:
    failed = as_str(stored(message, "status")) == "error"
    decided = _decision(message)
    middleware, _, hook = (node or "").rpartition(".")
    if decided is not None:
        return decided
    if hook in _HOOKS and middleware.partition("[")[0] == _LIMIT:
        return ToolCallReason.CALL_LIMIT
    if hook in _HOOKS and middleware == _PERSON:
        return ToolCallReason.REJECTED if failed else ToolCallReason.ANSWERED_BY_PERSON
    said = as_text(stored(message, "content")) or ""
    if failed and said.startswith(_UNKNOWN.format(as_str(call.get("name")))):
        return ToolCallReason.UNKNOWN_TOOL
    if hook in _HOOKS or (in_agent and node == _TOOL_NODE):
        return ToolCallReason.BLOCKED if failed else ToolCallReason.EMULATED
    return ToolCallReason.ANSWERED_BY_NODE


def _decision(message: Any) -> str | None:
    """What a person decided, where the message tells; older versions of LangChain leave no such mark."""
    marks = as_mapping(stored(message, "additional_kwargs"))
    if as_str(marks.get("lc_source")) != _MARK:
        return None
    return _DECISIONS.get(as_str(as_mapping(marks.get("lc_data")).get("decision")) or "")
