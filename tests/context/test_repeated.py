"""What a middleware runs again, a model that stands in for another, and how a graph's node came about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    ModelFallbackMiddleware,
)
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy, Send

import langspan
from support.capabilities import RETRIES
from support.graphs import START_STATE, State, node
from support.middleware import Again
from support.models import ScriptedChat, StreamingChat, tool_call
from support.probe import Probe
from support.recording import Recording, instrumented
from support.steps import failing

ATTEMPT, REPLACED, ROUTED = "langspan.retry.attempt", "langspan.fallback.from", "langspan.routed.from"
ASK = {"messages": [("user", "hi")]}
NO_WAIT: dict[str, Any] = {"initial_delay": 0, "jitter": False}


def invoke(app: Any, inputs: Any) -> Any:
    return app.invoke(inputs)


def ainvoke(app: Any, inputs: Any) -> Any:
    return asyncio.run(app.ainvoke(inputs))


def stream(app: Any, inputs: Any) -> Any:
    return list(app.stream(inputs))


def astream(app: Any, inputs: Any) -> Any:
    async def main() -> Any:
        return [item async for item in app.astream(inputs)]

    return asyncio.run(main())


Way = Callable[[Any, Any], Any]
WAYS = pytest.mark.parametrize("way", [invoke, ainvoke, stream, astream], ids=lambda way: way.__name__)


def told(recording: Recording, *prefixes: str) -> list[tuple[Any, ...]]:
    """Of each span whose name begins so, in order: its name, and what is said of how it came about."""
    return [
        (span.name, *((span.attributes or {}).get(name) for name in (ATTEMPT, REPLACED, ROUTED)))
        for span in recording.spans
        if span.name.startswith(prefixes)
    ]


class Failing(ScriptedChat):
    """Fails at the first calls."""

    failures: int = 1

    def _answer(self) -> AIMessage:
        if len(self.calls) < self.failures:
            self.calls.append(1)
            raise ValueError("no")
        return super()._answer()


def broken(name: str = "broken") -> ScriptedChat:
    return ScriptedChat(fails_with=ValueError("no"), model_name=name)


def flaky_tool(failures: int) -> BaseTool:
    left = [1] * failures

    @tool
    def flaky(a: int) -> int:
        """Fail at first."""
        if left:
            raise ValueError(left.pop())
        return a

    return flaky


@WAYS
def test_a_model_that_a_middleware_retries_is_numbered(way: Way, traced: Recording) -> None:
    retry = Again(2)
    way(create_agent(Failing(failures=2), middleware=[retry]), ASK)

    assert [
        ("chat scripted-1", None, None, None),
        ("chat scripted-1", 2, None, None),
        ("chat scripted-1", 3, None, None),
    ] == told(traced, "chat")


@WAYS
def test_a_tool_that_a_middleware_retries_is_numbered(way: Way, traced: Recording) -> None:
    model = ScriptedChat(answers=(tool_call("flaky", a=1), "done"))
    again = Again(2)
    way(create_agent(model, [flaky_tool(2)], middleware=[again]), ASK)

    assert [None, 2, 3] == [number for _, number, *_ in told(traced, "execute_tool")]


@RETRIES.mark
@WAYS
def test_langchains_own_middlewares_are_numbered_likewise(way: Way, traced: Recording) -> None:
    own: Any = import_module("langchain.agents.middleware")
    model = Failing(answers=("done", tool_call("flaky", a=1)))
    layers = [own.ModelRetryMiddleware(**NO_WAIT), own.ToolRetryMiddleware(**NO_WAIT)]
    way(create_agent(model, [flaky_tool(2)], middleware=layers), ASK)

    assert [None, 2, None] == [number for _, number, *_ in told(traced, "chat")]
    assert [None, 2, 3] == [number for _, number, *_ in told(traced, "execute_tool")]


@WAYS
def test_each_model_call_of_an_agent_is_numbered_anew(way: Way, traced: Recording) -> None:
    model = Failing(answers=("done", tool_call("flaky", a=1)))
    retry = Again(1)
    way(create_agent(model, [flaky_tool(0)], middleware=[retry]), ASK)

    assert [None, 2, None] == [number for _, number, *_ in told(traced, "chat")]


@WAYS
def test_a_model_that_a_middleware_falls_back_to_tells_which_failed(way: Way, traced: Recording) -> None:
    fallback = ModelFallbackMiddleware(broken("worse"), ScriptedChat(model_name="good"))
    way(create_agent(broken(), middleware=[fallback]), ASK)

    assert [
        ("chat broken", None, None, None),
        ("chat worse", None, "broken", None),
        ("chat good", None, "worse", None),
    ] == told(traced, "chat")


def test_a_fallback_to_a_model_of_the_same_name_at_another_provider_is_one(traced: Recording) -> None:
    fallback = ModelFallbackMiddleware(StreamingChat(answers=["x"], model_name="broken"))
    create_agent(broken(), middleware=[fallback]).invoke(ASK)

    assert [("chat broken", None, None, None), ("chat broken", None, "broken", None)] == told(traced, "chat")


# An old fallback leaves its model in the request, which is then the only one to be tried again.
@pytest.mark.parametrize("outermost", [ModelFallbackMiddleware, pytest.param(Again, marks=RETRIES.mark)])
def test_retries_and_fallbacks_are_told_apart_in_either_order(outermost: Any, traced: Recording) -> None:
    fallback = ModelFallbackMiddleware(Failing(model_name="good"))
    retry = Again(1)
    layers = [fallback, retry] if outermost is ModelFallbackMiddleware else [retry, fallback]
    create_agent(broken(), middleware=layers).invoke(ASK)
    ran = told(traced, "chat")

    assert [("chat broken", None, None, None), ("chat broken", 2, None, None)] == [
        each for each in ran if each[0] == "chat broken"
    ]
    assert [("chat good", None, "broken", None), ("chat good", 2, "broken", None)] == [
        each for each in ran if each[0] == "chat good"
    ]


class Routing(AgentMiddleware):
    """Has another model answer."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(model=self.model))

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await handler(request.override(model=self.model))


@WAYS
def test_a_routed_model_tells_which_one_the_agent_has(way: Way, traced: Recording) -> None:
    way(create_agent(broken("own"), middleware=[Routing(ScriptedChat())]), ASK)

    assert [("chat scripted-1", None, None, "own")] == told(traced, "chat")


def test_a_model_that_a_middleware_only_copies_is_not_routed(traced: Recording) -> None:
    create_agent(ScriptedChat(), middleware=[Routing(ScriptedChat())]).invoke(ASK)

    assert [("chat scripted-1", None, None, None)] == told(traced, "chat")


class Nameless(ScriptedChat):
    """Does not store its model under a name that anybody knows."""

    model_name: str = ""


def test_a_model_without_a_name_is_told_by_its_class(traced: Recording) -> None:
    create_agent(Nameless(), middleware=[Routing(ScriptedChat())]).invoke(ASK)

    assert "Nameless" == told(traced, "chat")[0][3]


class Asking(AgentMiddleware):
    """Asks an agent of its own around each model call."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        create_agent(ScriptedChat(model_name="inner")).invoke(ASK)
        return handler(request)


def test_what_a_hook_runs_besides_is_no_attempt(traced: Recording) -> None:
    retry = Again(1)
    create_agent(Failing(), middleware=[retry, Asking()]).invoke(ASK)

    assert [(name, None) for name in ("chat inner", "chat scripted-1", "chat inner")] == [
        each[:2] for each in told(traced, "chat")[:3]
    ]


def test_what_runs_inside_a_repeated_tool_is_no_attempt(traced: Recording) -> None:
    left = [1]

    @tool
    def ask() -> str:
        """Ask another model, then fail at first."""
        ScriptedChat(model_name="inner").invoke("hi")
        if left:
            raise ValueError(left.pop())
        return "done"

    model = ScriptedChat(answers=(tool_call("ask"), "done"))
    create_agent(model, [ask], middleware=[Again(1)]).invoke(ASK)

    assert [None, None] == [number for _, number, *_ in told(traced, "chat inner")]
    assert [None, 2] == [number for _, number, *_ in told(traced, "execute_tool")]


def test_what_a_middleware_returns_and_raises_is_the_same(traced: Recording) -> None:
    error = ValueError("no")
    retry = Again(1)
    agent: Any = create_agent(ScriptedChat(fails_with=error), middleware=[retry])
    with pytest.raises(ValueError, match="no") as raised:
        agent.invoke(ASK)

    assert error is raised.value


def test_the_hooks_of_a_middleware_stay_what_they_are() -> None:
    hook = vars(Again)["wrap_model_call"]
    with instrumented(Recording()):
        create_agent(ScriptedChat(), middleware=[Again()])
        assert hook is vars(Again)["wrap_model_call"]


def test_an_agent_that_outlives_the_instrumentation_is_recorded_no_more() -> None:
    recording = Recording()
    with instrumented(recording):
        agent: Any = create_agent(Failing(), middleware=[Again(1)])
    assert "hello" == agent.invoke(ASK)["messages"][-1].content
    assert [] == recording.spans


# -- the time of the hooks


def hooks(recording: Recording, name: str) -> dict[str, float]:
    (span, *_) = [span for span in recording.spans if span.name == name]
    found: Any = span.attributes or {}
    return dict(zip(found["langspan.middleware.hooks"], found["langspan.middleware.durations"], strict=True))


class Busy(AgentMiddleware):
    """Takes a hundredth of a second for itself, and lets what it runs take twice as long."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        spend(0.01)
        return handler(request)

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        spend(0.01)
        return await handler(request)


def spend(seconds: float) -> None:
    from time import perf_counter

    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


class Slow(ScriptedChat):
    """Takes its time."""

    def _answer(self) -> AIMessage:
        spend(0.02)
        return super()._answer()


class Idle(Busy):
    """Takes next to no time for itself."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return handler(request)

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await handler(request)


@pytest.mark.parametrize(("way", "prefix"), [(invoke, ""), (ainvoke, "a")], ids=["sync", "async"])
def test_a_node_tells_how_long_each_hook_took_for_itself(way: Way, prefix: str, traced: Recording) -> None:
    way(create_agent(Slow(), middleware=[Idle(), Busy()]), ASK)
    found = hooks(traced, "node model")

    assert {f"{name}.{prefix}wrap_model_call" for name in ("Idle", "Busy")} == found.keys()
    assert found[f"Busy.{prefix}wrap_model_call"] >= 0.01
    assert sum(found.values()) <= lasted(traced, "node model") - lasted(traced, "chat scripted-1") + 0.001


def lasted(recording: Recording, name: str) -> float:
    """The seconds of the one span of that name."""
    span = recording.named(name)
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e9


def test_the_times_of_one_hook_in_one_node_are_added(traced: Recording) -> None:
    class Twice(AgentMiddleware):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            handler(request)
            return handler(request)

    create_agent(ScriptedChat(), middleware=[Twice(), Busy()]).invoke(ASK)

    assert hooks(traced, "node model")["Busy.wrap_model_call"] >= 0.02


def test_a_hook_that_is_a_function_is_told_by_its_name(traced: Recording) -> None:
    from langchain.agents.middleware import wrap_model_call

    @wrap_model_call
    def patient(request: Any, handler: Any) -> Any:
        return handler(request)

    create_agent(ScriptedChat(), middleware=[patient]).invoke(ASK)

    assert ["patient.wrap_model_call"] == list(hooks(traced, "node model"))


# -- fallbacks


@WAYS
def test_a_runnable_that_stands_in_tells_which_model_failed(way: Way, traced: Recording) -> None:
    way(broken().with_fallbacks([broken("worse"), StreamingChat()]), "hi")

    assert [
        ("chat broken", None, None, None),
        ("chat worse", None, "broken", None),
        ("chat scripted-1", None, "worse", None),
    ] == told(traced, "chat")


def test_a_chain_that_stands_in_tells_which_model_failed_in_a_batch(traced: Recording) -> None:
    step = RunnableLambda(str, name="step")
    first, second = step | broken(), step | ScriptedChat()
    first.with_fallbacks([second]).batch(["hi", "ho"])

    assert 2 * [None] + 2 * ["broken"] == [each[2] for each in told(traced, "chat")]
    assert 2 * [None] + 2 * ["broken"] == [each[2] for each in told(traced, "RunnableSequence")]
    assert 4 * [None] == [each[2] for each in told(traced, "step")]


async def test_a_chain_that_stands_in_tells_which_model_failed_in_a_batch_async(traced: Recording) -> None:
    first, second = RunnableLambda(str) | broken(), RunnableLambda(str) | ScriptedChat()
    await first.with_fallbacks([second]).abatch(["hi", "ho"])

    assert 2 * [None] + 2 * ["broken"] == [each[2] for each in told(traced, "chat")]


def test_a_model_that_is_called_after_another_failed_is_no_fallback(traced: Recording) -> None:
    def careful(text: str) -> Any:
        try:
            return broken().invoke(text)
        except ValueError:
            return ScriptedChat().invoke(text)

    RunnableLambda(careful).invoke("hi")

    assert [(None, None)] * 2 == [each[1:3] for each in told(traced, "chat")]


# -- nodes


@WAYS
def test_a_retried_node_is_numbered(way: Way, traced: Recording) -> None:
    policy = RetryPolicy(initial_interval=0, jitter=False, retry_on=ValueError)
    graph = StateGraph(State)
    graph.add_node(node(Probe(traced), "flaky", failing(2)), retry_policy=policy)
    graph.add_edge(START, "flaky")
    way(graph.compile(), START_STATE)

    assert [None, 2, 3] == [number for _, number, *_ in told(traced, "node")]


def fan_out() -> Any:
    graph: Any = StateGraph(State)
    for name in ("many", "after", "last"):
        graph.add_node(name, lambda _: {}, defer=name == "last")
    graph.add_conditional_edges(START, lambda _: [Send("many", {}), Send("many", {})], ["many"])
    graph.add_edge("many", "after")
    graph.add_edge("many", "last")
    return graph.compile()


@WAYS
def test_nodes_of_a_fan_out_tell_their_position_and_deferred_ones_that_they_wait(
    way: Way, traced: Recording
) -> None:
    way(fan_out(), START_STATE)
    found = {
        (span.name, attributes.get("langgraph.send.index"), attributes.get("langgraph.deferred"))
        for span in traced.spans
        if (attributes := span.attributes or {}) and span.name.startswith("node")
    }

    assert {
        ("node many", 0, None),
        ("node many", 1, None),
        ("node after", None, None),
        ("node last", None, True),
    } == found


def test_a_task_of_the_functional_api_was_not_sent(traced: Recording) -> None:
    @task
    def double(x: int) -> int:
        return 2 * x

    @entrypoint()
    def flow(x: int) -> int:
        return double(x).result()

    flow.invoke(3)

    assert not any("langgraph.send.index" in (span.attributes or {}) for span in traced.spans)


def test_a_handler_by_itself_numbers_the_nodes_and_leaves_out_the_rest() -> None:
    mine = Recording()
    agent: Any = create_agent(Failing(), middleware=[Again(1)])
    agent.invoke(ASK, {"callbacks": [langspan.CallbackHandler(mine.provider)]})

    assert [None, None] == [number for _, number, *_ in told(mine, "chat")]
