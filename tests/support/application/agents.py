"""Agents and graphs of an application: nested, streamed, interrupted and resumed, failed, cancelled."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict
from uuid import UUID

from langchain.agents import create_agent
from langchain.agents.middleware import (
    ModelFallbackMiddleware,
    ToolCallLimitMiddleware,
)
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import CachePolicy, Command, Send, interrupt

from support.application.chains import add
from support.application.waiting import cancelled, wait_for_ever
from support.capabilities import NODE_TIMEOUTS
from support.middleware import Again
from support.models import ScriptedChat, StreamingChat, tool_call, usage

INPUTS = {"messages": [("user", "1 + 2?")]}


def _agent() -> Any:
    answers = (tool_call("add", a=1, b=2), AIMessage("three it is", usage_metadata=usage(5, 6)))
    return create_agent(StreamingChat(answers=answers), [add], name="math", system_prompt="Be brief.")


def agent_invoke(config: Any) -> Any:
    return _agent().invoke(INPUTS, config)


async def agent_ainvoke(config: Any) -> Any:
    return await _agent().ainvoke(INPUTS, config)


def agent_stream(config: Any) -> Any:
    return _agent().stream(INPUTS, config)


def agent_astream(config: Any) -> Any:
    return _agent().astream(INPUTS, config, stream_mode=["updates", "messages"])


def agent_fails(config: Any) -> Any:
    agent: Any = create_agent(ScriptedChat(fails_with=ValueError("no")), [add])
    return agent.invoke(INPUTS, config)


def _retried() -> Any:
    """An agent whose model and tool fail at first, and whose middleware tries again and then another."""
    answers = (tool_call("add_at_last", a=1, b=2), AIMessage("three it is", usage_metadata=usage(5, 6)))
    failures = [1]

    @tool
    def add_at_last(a: int, b: int) -> int:
        """Add two numbers, at the second try."""
        if failures:
            raise ValueError(failures.pop())
        return a + b

    broken = ScriptedChat(fails_with=ValueError("no"), model_name="broken")
    fallback = ModelFallbackMiddleware(ScriptedChat(answers=answers))
    return create_agent(broken, [add_at_last], middleware=[fallback, Again()], name="stubborn")


def agent_retries(config: Any) -> Any:
    return _retried().invoke(INPUTS, config)


async def agent_retries_async(config: Any) -> Any:
    return await _retried().ainvoke(INPUTS, config)


def graph_fans_out(config: Any) -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("first", first)
    graph.add_node("last", first, defer=True)
    graph.add_conditional_edges(START, lambda _: [Send("first", {"log": []}), Send("first", {"log": []})])
    graph.add_edge("first", "last")
    return graph.compile().invoke({"log": []}, config)


class State(TypedDict):
    log: Annotated[list[str], operator.add]


def _graph(*nodes: Any, **options: Any) -> Any:
    graph = StateGraph(State)
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        graph.add_node(node.__name__, node)
        graph.add_edge(node.__name__, following.__name__ if following else END)
    graph.add_edge(START, nodes[0].__name__)
    return graph.compile(**options)


def first(_state: State) -> State:
    return {"log": ["first"]}


def ask(_state: State) -> State:
    return {"log": [interrupt("sure?")]}


def nested(state: State) -> Any:
    return _graph(first, name="inner").invoke(state)


def broken(_state: State) -> State:
    raise ValueError("no")


async def stuck(_state: State) -> None:
    await wait_for_ever()


def graph_in_a_graph(config: Any) -> Any:
    return _graph(first, nested, name="outer").invoke({"log": []}, config)


def graph_stream_closed(config: Any) -> Any:
    stream = _graph(first, nested).stream({"log": []}, config)
    item = next(stream)
    stream.close()
    return item


def graph_fails(config: Any) -> Any:
    return _graph(first, broken).invoke({"log": []}, config)


async def graph_cancelled(config: Any) -> Any:
    return await cancelled(_graph(stuck).ainvoke({"log": []}, config))


def graph_interrupted_and_resumed(config: Any) -> Any:
    graph = _graph(ask, checkpointer=InMemorySaver())
    config = {**config, "configurable": {"thread_id": "t1"}}
    return [graph.invoke({"log": []}, config), graph.invoke(Command(resume="yes"), config)]


async def graph_stopped_before_a_node(config: Any) -> Any:
    graph = _graph(first, nested, checkpointer=InMemorySaver(), interrupt_before=["nested"])
    config = {**config, "configurable": {"thread_id": UUID(int=2)}}
    return [await graph.ainvoke({"log": []}, config), await graph.ainvoke(None, config)]


def graph_goes_back(config: Any) -> Any:
    graph = _graph(first, nested, checkpointer=InMemorySaver())
    config = {**config, "configurable": {"thread_id": "t3"}}
    answers = [graph.invoke({"log": []}, config)]
    (past,) = [state.config for state in graph.get_state_history(config) if state.next == ("nested",)]
    return [*answers, graph.invoke(None, {**config, **past})]


async def graph_shows_its_history(config: Any) -> Any:
    graph = _graph(first, checkpointer=InMemorySaver())
    config = {**config, "configurable": {"thread_id": "t5"}}
    answer = await graph.ainvoke({"log": []}, config)
    return [answer, [state.next async for state in graph.aget_state_history(config)]]


def graph_updated_while_it_waits(config: Any) -> Any:
    graph = _graph(first, ask, checkpointer=InMemorySaver())
    config = {**config, "configurable": {"thread_id": "t4"}}
    answers = [graph.invoke({"log": []}, config)]
    graph.update_state(config, {"log": ["more"]})
    return [*answers, graph.invoke(Command(resume="yes"), config)]


def _cached() -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("first", first, cache_policy=CachePolicy())
    graph.add_edge(START, "first")
    return graph.compile(cache=InMemoryCache())


def graph_answered_from_its_cache(config: Any) -> Any:
    graph = _cached()
    return [graph.invoke({"log": []}, config), graph.invoke({"log": []}, config)]


async def graph_answered_from_its_cache_async(config: Any) -> Any:
    graph = _cached()
    return [await graph.ainvoke({"log": []}, config), await graph.ainvoke({"log": []}, config)]


def agent_calls_a_tool_that_is_unknown(config: Any) -> Any:
    answers = (tool_call("fly"), AIMessage("I cannot fly"))
    agent: Any = create_agent(ScriptedChat(answers=answers), [add])
    return agent.invoke(INPUTS, config)


def agent_exceeds_its_limit(config: Any) -> Any:
    limit = ToolCallLimitMiddleware(run_limit=0, exit_behavior="error")
    model = ScriptedChat(answers=(tool_call("add", a=1, b=2),))
    agent: Any = create_agent(model, [add], middleware=[limit])
    try:
        return agent.invoke(INPUTS, config)
    except Exception as error:
        return type(error).__name__


async def slow(_state: State) -> None:
    await asyncio.Event().wait()


async def graph_times_out(config: Any) -> Any:
    if not NODE_TIMEOUTS.there:
        return None
    graph: Any = StateGraph(State)
    graph.add_node("slow", slow, timeout=0.01)
    graph.add_edge(START, "slow")
    try:
        return await graph.compile().ainvoke({"log": []}, config)
    except Exception as error:
        return type(error).__name__  # its message has the time that it took


SCENARIOS = (
    graph_goes_back,
    graph_shows_its_history,
    graph_updated_while_it_waits,
    graph_answered_from_its_cache,
    graph_answered_from_its_cache_async,
    agent_calls_a_tool_that_is_unknown,
    agent_exceeds_its_limit,
    graph_times_out,
    graph_fans_out,
    agent_retries,
    agent_retries_async,
    agent_invoke,
    agent_ainvoke,
    agent_stream,
    agent_astream,
    agent_fails,
    graph_in_a_graph,
    graph_stream_closed,
    graph_fails,
    graph_cancelled,
    graph_interrupted_and_resumed,
    graph_stopped_before_a_node,
)
