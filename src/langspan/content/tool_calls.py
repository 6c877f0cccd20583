"""Tool calls that a graph's node answered itself, so that no tool ever ran: which, and why.

Source: what nodes get and return: LangChain's messages, LangGraph's `Command` and `Send`; the names of the
nodes and the answers of `langchain.agents`, its middleware, and `langgraph.prebuilt.ToolNode`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Container, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langspan._reading import as_list, as_text, class_name, fields_of, is_base, stored
from langspan._values import as_id, as_mapping, as_str
from langspan.conventions.names import ToolCallReason

_ANSWER: Final[type] = ToolMessage
# By their ids: a class is hashed by its metaclass, which may be the application's.
_PLAIN: Final = frozenset(
    id(each) for each in (str, int, float, bool, bytes, type(None), AIMessage, HumanMessage, Document)
)
_LOOKED_AT: Final = 128  # of the latest messages; a node answers what was asked last
_MAX_NESTING: Final = 5  # of lists and commands around messages
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
    answers = _messages_in(outcome, _ANSWER)
    if not answers:
        return []
    pending = None
    skipped = []
    for message in answers:
        call_id = as_id(stored(message, "tool_call_id")) or ""
        if call_id in ran:
            continue
        pending = _pending(inputs) if pending is None else pending
        call = pending.pop(call_id, None)
        if call is None or _has_run(call, ran):
            continue
        reason = _reason(node, in_agent, call, message)
        skipped.append(_skipped(call, reason, stored(message, "content")))
    return skipped


def answers_nothing(result: Any) -> bool:
    """Whether a node returned no message at all, as far as a quick look tells: most nodes of most graphs.

    Args:
        result: What the node returned.
    """
    if result is None or type(result) is str:
        return True
    if type(result) is not dict:
        return False
    for value in result.values():
        if type(value) is list:
            for item in value:
                if id(type(item)) not in _PLAIN:
                    return False
        elif id(type(value)) not in _PLAIN:
            return False
    return True


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


def _messages_in(value: Any, wanted: type) -> list[Any]:
    """The messages of a class in a value, a list, a state or a command, in their order."""
    found: list[Any] = []
    waiting = [(value, _MAX_NESTING)]
    while waiting:
        item, nesting = waiting.pop()
        kind = type(item)
        if is_base(wanted, kind):
            found.append(item)
        elif id(kind) not in _PLAIN and nesting:
            if kind is list:
                inner = item[-_LOOKED_AT:]
            elif kind is dict:
                inner = list(islice(item.values(), _LOOKED_AT))
            else:
                inner = [stored(item, "update")] if kind is _command() else as_list(item) or []
            for each in reversed(inner):
                waiting.append((each, nesting - 1))  # noqa: PERF401 - a comprehension is a call on Python 3.11
    return found


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
