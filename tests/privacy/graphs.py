"""Graphs and agents with a canary in everything that passes through them."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, Send, interrupt
from opentelemetry.instrumentation.utils import suppress_instrumentation

from privacy.objects import leaky_error, leaky_tool
from support.canary import canary
from support.models import ScriptedChat, StreamingChat, tool_call


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    secret: str
    seen: Annotated[list[str], lambda left, right: left + right]


INPUT: State = {"messages": [("user", canary("human"))], "secret": canary("state")}  # type: ignore[list-item]


def scatter(state: State) -> Any:
    """Sends work away, and updates the state by command."""
    return Command(
        update={"secret": canary("command_update")}, goto=[Send("gather", {"secret": canary("send")})]
    )


def gather(state: State) -> State:
    return {"seen": [canary("node_output")]}


def ask(state: State) -> State:
    answer = interrupt({"question": canary("interrupt")})
    return {"seen": [answer]}


def broken(state: State) -> State:
    raise leaky_error()


def route(state: State) -> str:
    return END


def graph(*nodes: Any) -> Any:
    """A compiled graph: `scatter` and `gather`, then these nodes one after another."""
    builder = StateGraph(State)
    builder.add_node(
        "scatter", scatter, destinations=("gather",), metadata={"about": canary("node_metadata")}
    )
    for node in (gather, *nodes):
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "scatter")
    for before, after in zip((gather, *nodes), nodes, strict=False):
        builder.add_edge(before.__name__, after.__name__)
    builder.add_conditional_edges((gather, *nodes)[-1].__name__, route)
    store = InMemoryStore()
    with suppress_instrumentation():  # it was filled long ago
        store.put(("kept",), "key", {"value": canary("stored")})
    return builder.compile(name="flow", checkpointer=InMemorySaver(), store=store)


def waiting(config: RunnableConfig) -> Any:
    """A graph that has stopped to ask, and waits for the answer."""
    stopped = graph(ask)
    stopped.invoke(INPUT, config)
    return stopped


@tool
def delegate(q: str) -> str:
    """Ask another agent."""
    helper = create_agent(StreamingChat(answers=(canary("inner_answer"),)), name="helper")
    return str(helper.invoke({"messages": [("user", canary("inner_question"))]})["messages"][-1].content)


class TakingTurns(ScriptedChat):
    """Asks for one tool after the other, as far as the conversation has got, and then answers."""

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        turn = sum(isinstance(message, AIMessage) for message in messages)
        return ChatResult(generations=[ChatGeneration(message=self.answers[turn])])

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        return self._generate(messages)


def agent() -> Any:
    """An agent that calls two tools, one of which asks an agent."""
    answers = (
        tool_call("leaky_tool", q=canary("argument")),
        tool_call("delegate", q=canary("argument")),
        AIMessage(canary("answer")),
    )
    return create_agent(
        TakingTurns(answers=answers),
        [leaky_tool, delegate],
        name="leaky_agent",
        system_prompt=canary("system"),
        checkpointer=InMemorySaver(),
    )


@task
def step(value: str) -> str:
    return canary("task_output")


@entrypoint(checkpointer=InMemorySaver())
def workflow(value: str) -> Any:
    """The functional interface."""
    return {"result": step(value).result(), "previous": canary("output")}
