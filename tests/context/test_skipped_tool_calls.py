"""Tool calls that a model asked for and no tool ran for: told on the span of the node that decided so."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolEmulator,
    ToolCallLimitMiddleware,
)
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command
from pydantic import BaseModel

from support.capabilities import TOOL_NODES
from support.models import ScriptedChat
from support.recording import Recording, instrumented

INPUTS: Any = {"messages": [("user", "SECRET question")]}
CONFIG: Any = {"configurable": {"thread_id": "t"}}


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def send(to: str) -> str:
    """Send."""
    return f"sent to {to}"


def asks(*calls: tuple[str, str, dict[str, Any]]) -> AIMessage:
    made: Any = [
        {"name": name, "id": call_id, "args": args, "type": "tool_call"} for call_id, name, args in calls
    ]
    return AIMessage("", tool_calls=made)


ADD = ("c1", "add", {"a": 1, "b": 2})
SEND = ("c2", "send", {"to": "SECRET"})


def model(*answers: AIMessage) -> ScriptedChat:
    return ScriptedChat(answers=(*answers, AIMessage("done")))


def agent(asked: AIMessage, *middleware: Any, **options: Any) -> Any:
    return create_agent(model(asked), [add, send], middleware=middleware, **options)


def invoke(app: Any, inputs: Any = INPUTS) -> None:
    app.invoke(inputs, CONFIG)


def ainvoke(app: Any, inputs: Any = INPUTS) -> None:
    asyncio.run(app.ainvoke(inputs, CONFIG))


def stream(app: Any, inputs: Any = INPUTS) -> None:
    list(app.stream(inputs, CONFIG, stream_mode=["updates", "messages"]))


def astream(app: Any, inputs: Any = INPUTS) -> None:
    async def main() -> None:
        async for _ in app.astream(inputs, CONFIG, stream_mode=["updates", "messages"]):
            pass

    asyncio.run(main())


Way = Callable[..., None]
WAYS = pytest.mark.parametrize("way", [invoke, ainvoke, stream, astream], ids=lambda way: way.__name__)


def told(recording: Recording) -> list[tuple[str, Any, Any, Any]]:
    """The span, the tool's name, the call's id and the reason of every such event."""
    return sorted(
        (
            span.name,
            event.attributes.get("gen_ai.tool.name"),
            event.attributes["gen_ai.tool.call.id"],
            event.attributes["langchain.tool_call.reason"],
        )
        for span in recording.spans
        for event in span.events
        if event.name == "langchain.tool_call.skipped" and event.attributes is not None
    )


def ran(recording: Recording) -> list[str]:
    return sorted(span.name for span in recording.spans if span.name.startswith("execute_tool"))


@WAYS
def test_a_tool_that_is_unknown(way: Way, traced: Recording) -> None:
    way(agent(asks(ADD, ("c9", "fly", {}))))

    assert [("node tools", "fly", "c9", "unknown_tool")] == told(traced)
    assert ["execute_tool add"] == ran(traced)


@WAYS
def test_calls_that_ran_are_not_told(way: Way, traced: Recording) -> None:
    way(agent(asks(ADD, SEND)))

    assert [] == told(traced)
    assert ["execute_tool add", "execute_tool send"] == ran(traced)


@WAYS
def test_a_call_beyond_the_limit_while_the_agent_goes_on(way: Way, traced: Recording) -> None:
    way(agent(asks(ADD, ("c3", "add", {"a": 3, "b": 4}), SEND), ToolCallLimitMiddleware(run_limit=1)))

    node = "node ToolCallLimitMiddleware.after_model"
    assert [(node, "add", "c3", "call_limit"), (node, "send", "c2", "call_limit")] == told(traced)
    assert ["execute_tool add"] == ran(traced)


@WAYS
def test_a_call_beyond_the_limit_that_ends_the_agent(way: Way, traced: Recording) -> None:
    limit = ToolCallLimitMiddleware(tool_name="add", run_limit=0, exit_behavior="end")
    way(agent(asks(ADD), limit))

    node = "node ToolCallLimitMiddleware[add].after_model"
    assert [(node, "add", "c1", "call_limit")] == told(traced)


@WAYS
def test_a_call_beyond_the_limit_that_raises(way: Way, traced: Recording) -> None:
    limit = ToolCallLimitMiddleware(tool_name="add", run_limit=0, exit_behavior="error")
    with pytest.raises(Exception, match="limit"):
        way(agent(asks(ADD, SEND), limit))

    assert [("node ToolCallLimitMiddleware[add].after_model", "add", "c1", "call_limit")] == told(traced)
    assert [] == ran(traced)


class Answers(AgentMiddleware):
    """Answers calls of `send` itself."""

    def __init__(self, status: Any) -> None:
        super().__init__()
        self.status = status

    def _answer(self, request: Any) -> ToolMessage | None:
        call = request.tool_call
        if call["name"] != "send":
            return None
        return ToolMessage("SECRET", name="send", tool_call_id=call["id"], status=self.status)

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return self._answer(request) or handler(request)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        return self._answer(request) or await handler(request)


@WAYS
@pytest.mark.parametrize(("status", "reason"), [("error", "blocked"), ("success", "emulated")])
def test_a_call_that_a_middleware_answers(way: Way, status: str, reason: str, traced: Recording) -> None:
    way(agent(asks(ADD, SEND), Answers(status)))

    assert [("node tools", "send", "c2", reason)] == told(traced)
    assert ["execute_tool add"] == ran(traced)


@WAYS
def test_a_call_that_a_model_emulates(way: Way, traced: Recording) -> None:
    emulator = LLMToolEmulator(tools=["send"], model=ScriptedChat(answers=(AIMessage("sent"),)))
    way(agent(asks(ADD, SEND), emulator))

    assert [("node tools", "send", "c2", "emulated")] == told(traced)


class Redirects(AgentMiddleware):
    """Answers with a command instead of a message."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        message = ToolMessage("no", tool_call_id=request.tool_call["id"], status="error")
        return Command(update={"messages": [message]})


def test_a_call_that_a_middleware_answers_with_a_command(traced: Recording) -> None:
    invoke(agent(asks(ADD), Redirects()))

    assert [("node tools", "add", "c1", "blocked")] == told(traced)


DECISIONS = [
    ({"type": "reject", "message": "SECRET"}, "rejected"),
    ({"type": "respond", "message": "SECRET"}, "answered_by_person"),
]


@WAYS
@pytest.mark.parametrize(("decision", "reason"), DECISIONS)
def test_a_call_that_a_person_answers(way: Way, decision: Any, reason: str, traced: Recording) -> None:
    allowed: Any = {"allowed_decisions": ["approve", decision["type"]]}
    try:
        asking = HumanInTheLoopMiddleware(interrupt_on={"send": allowed})
        app = agent(asks(ADD, SEND), asking, checkpointer=InMemorySaver())
        way(app)
        way(app, Command(resume={"decisions": [decision]}))
    except ValueError as error:
        pytest.skip(f"the installed langchain has no such decision: {error}")

    assert [("node HumanInTheLoopMiddleware.after_model", "send", "c2", reason)] == told(traced)
    assert ["execute_tool add"] == ran(traced)


def test_a_call_that_a_person_approves_is_not_told(traced: Recording) -> None:
    app = agent(
        asks(ADD, SEND), HumanInTheLoopMiddleware(interrupt_on={"send": True}), checkpointer=InMemorySaver()
    )
    invoke(app)
    invoke(app, Command(resume={"decisions": [{"type": "approve"}]}))

    assert [] == told(traced)


def test_calls_of_earlier_turns_are_not_told_again(traced: Recording) -> None:
    app = create_agent(
        model(asks(("c9", "fly", {})), AIMessage("first"), asks(ADD)),
        [add, send],
        checkpointer=InMemorySaver(),
    )
    invoke(app)
    traced.clear()
    invoke(app)

    assert [] == told(traced)
    assert ["execute_tool add"] == ran(traced)


@TOOL_NODES.mark
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@WAYS
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_prebuilt_agents_unknown_tool(way: Way, version: Any, traced: Recording) -> None:
    from langgraph.prebuilt import create_react_agent

    asked = asks(ADD, ("c9", "fly", {}))
    way(create_react_agent(model(asked), [add, send], version=version))  # type: ignore[deprecated, unused-ignore]

    assert [("node tools", "fly", "c9", "unknown_tool")] == told(traced)
    assert ["execute_tool add"] == ran(traced)


class State(TypedDict):
    messages: Annotated[list[Any], add_messages]
    log: Annotated[list[str], operator.add]


def by_hand(state: State) -> Any:
    """Calls one tool without the id of the call, and does the other's work itself."""
    answers = []
    for call in state["messages"][-1].tool_calls:
        result = add.invoke(call["args"]) if call["name"] == "add" else "SECRET"
        answers.append(ToolMessage(str(result), tool_call_id=call["id"]))
    return {"messages": answers}


def handmade(node: Any = by_hand, asked: AIMessage | None = None) -> Any:
    builder = StateGraph(State)
    builder.add_node("ask", lambda _: {"messages": [asked or asks(ADD, SEND)]})
    builder.add_node("act", node)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", "act")
    return builder.compile()


@WAYS
def test_a_node_that_answers_by_hand_tells_only_what_no_tool_ran_for(way: Way, traced: Recording) -> None:
    way(handmade())

    assert [("node act", "send", "c2", "answered_by_node")] == told(traced)
    assert ["execute_tool add"] == ran(traced)


@WAYS
def test_the_calls_of_an_agent_inside_a_node_are_told_inside_only(way: Way, traced: Recording) -> None:
    inner = agent(asks(ADD, ("c9", "fly", {})))
    builder = StateGraph(State)
    builder.add_node("inner", inner)
    builder.add_edge(START, "inner")
    way(builder.compile())

    assert [("node tools", "fly", "c9", "unknown_tool")] == told(traced)


def test_a_graph_that_runs_the_tools_inside_a_node_is_told_of_once(traced: Recording) -> None:
    inner = StateGraph(State)
    inner.add_node("inner_act", by_hand)
    inner.add_edge(START, "inner_act")
    invoke(handmade(inner.compile()))

    assert [("node inner_act", "send", "c2", "answered_by_node")] == told(traced)


def test_structured_answers_are_no_tool_calls(traced: Recording) -> None:
    class Sum(BaseModel):
        """A sum."""

        total: int

    invoke(agent(asks(("c1", "Sum", {"total": 3})), response_format=ToolStrategy(Sum)))

    assert [] == told(traced)


def test_without_content_nothing_of_the_call_is_told(traced: Recording) -> None:
    invoke(agent(asks(SEND), Answers("error")))
    (event,) = [event for span in traced.spans for event in span.events]

    assert {"gen_ai.tool.name", "gen_ai.tool.call.id", "langchain.tool_call.reason"} == {
        *(event.attributes or {})
    }


def test_with_content_the_arguments_and_the_answer_are_told() -> None:
    recording = Recording()
    with instrumented(recording, capture_content="span"):
        invoke(agent(asks(SEND), Answers("error")))
    (event,) = [event for span in recording.spans for event in span.events]
    attributes = event.attributes or {}

    assert ('{"to":"SECRET"}', '"SECRET"') == (
        attributes["gen_ai.tool.call.arguments"],
        attributes["gen_ai.tool.call.result"],
    )


def test_messages_of_a_node_that_was_asked_nothing_are_not_told(traced: Recording) -> None:
    builder = StateGraph(State)
    history = [HumanMessage("?"), asks(ADD), ToolMessage("3", tool_call_id="c1")]
    builder.add_node("load", lambda _: {"messages": history})
    builder.add_edge(START, "load")
    invoke(builder.compile())

    assert [] == told(traced)
