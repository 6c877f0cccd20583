"""Values in chains, graphs and tools: inputs, outputs, states, arguments, results, and what is raised."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any, TypedDict

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnablePassthrough
from langchain_core.tools import StructuredTool, Tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

Run = Callable[[Any], Any]


class State(TypedDict, total=False):
    x: Any
    messages: Any


def same(value: Any) -> Any:
    return value


async def same_later(value: Any) -> Any:
    return value


def failing(value: Any) -> Any:
    raise ValueError(value, "second")


def through(parts: Any) -> Any:
    yield from parts


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def graph(*nodes: Any, saver: Any = None, edge: Any = None) -> Any:
    made = StateGraph(State)
    for number, node in enumerate(nodes):
        made.add_node(f"n{number}", node)
    made.add_edge(START, "n0")
    if edge is not None:
        made.add_conditional_edges("n0", edge)
    return made.compile(checkpointer=saver)


def _send(value: Any) -> Any:
    return graph(lambda _: {}, lambda state: {"x": "seen"}, edge=lambda _: [Send("n1", value)]).invoke(
        {"x": 0}
    )


def _command(value: Any) -> Any:
    return graph(lambda _: Command(update={"x": value}, goto="n1"), lambda _: {}).invoke({"x": 0})


def _interrupted(value: Any, answer: Any = "yes") -> Any:
    made = graph(lambda _: {"x": str(type(interrupt(value)))}, saver=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    first = made.invoke({"x": 0}, config)
    return first, made.invoke(Command(resume=answer), config)


def _state(value: Any) -> Any:
    return graph(lambda state: {"x": state["x"]}).invoke({"x": value})


async def _state_later(value: Any) -> Any:
    async def node(state: Any) -> Any:
        return {"x": state["x"]}

    made = graph(node)
    return await made.ainvoke({"x": value}), [part async for part in made.astream({"x": value})]


def _tool(function: Any, **options: Any) -> StructuredTool:
    def call(x: Any) -> Any:
        """Work."""
        return function(x)

    return StructuredTool.from_function(call, name="t", **options)


def _artifact(value: Any) -> Any:
    tool = _tool(lambda x: (x, x), response_format="content_and_artifact")
    return tool.invoke({"name": "t", "args": {"x": value}, "id": "c", "type": "tool_call"})


def _tool_message(value: Any) -> Any:
    return _tool(same).invoke({"name": "t", "args": {"x": value}, "id": "c", "type": "tool_call"})


def _tool_node(value: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the oldest prebuilt agents warn of themselves
        from langgraph.prebuilt import ToolNode
    call = {"name": "t", "args": {"x": 1}, "id": "c", "type": "tool_call"}
    node = ToolNode([_tool(lambda _: value)])
    return graph(node).invoke({"messages": [AIMessage("", tool_calls=[call])]})


def _tool_told(value: Any) -> Any:
    """A tool whose own name and description nobody has looked at, called under a strange id."""
    tool = _tool(same)
    call = {"name": "t", "args": {"x": 1}, "id": value, "type": "tool_call"}
    vars(tool).update(name=value, description=value)
    return tool.invoke({"x": 1}), tool.invoke(call)


FIELDS: dict[str, Run] = {
    "chain": lambda value: RunnableLambda(same).invoke(value),
    "asynchronous chain": lambda value: run(RunnableLambda(same_later).ainvoke(value)),
    "in a chain": lambda value: RunnablePassthrough.assign(y=lambda held: held["x"]).invoke({"x": value}),
    "batch": lambda value: RunnableLambda(same).batch([value, [value]]),
    "streamed chain": lambda value: list(RunnableGenerator(through).stream(value)),
    "state": _state,
    "asynchronous state": lambda value: run(_state_later(value)),
    "whole state": lambda value: graph(lambda _: {}).invoke(value),
    "messages of a state": lambda value: graph(same).invoke({"messages": value}),
    "output of a node": lambda value: graph(lambda _: value).invoke({"x": 0}),
    "send": _send,
    "command": _command,
    "interrupt": _interrupted,
    "resumption": lambda value: _interrupted("sure?", value),
    "input of a tool": lambda value: Tool(name="t", description="", func=same).invoke(value),
    "argument of a tool": lambda value: _tool(same).invoke({"x": value}),
    "asynchronous tool": lambda value: run(
        StructuredTool.from_function(coroutine=same_later, name="t", description="d").ainvoke(
            {"value": value}
        )
    ),
    "artifact": _artifact,
    "message of a tool": _tool_message,
    "result in a tool node": _tool_node,
    "thread": lambda value: graph(lambda _: {}).invoke({"x": 0}, {"configurable": {"thread_id": value}}),
    "exception of a tool": lambda value: _tool(failing).invoke({"x": value}),
    "exception of a node": lambda value: graph(lambda _: failing(value)).invoke({"x": 0}),
    "tool": _tool_told,
}
