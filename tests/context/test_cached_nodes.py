"""A node that LangGraph answers from a graph's cache runs nothing and sends no event: it is a span anyway."""

from __future__ import annotations

import asyncio
import inspect
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy, Send
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

import langspan
from support.recording import Recording, instrumented, open_runs

HIT = "langspan.cache.hit"
RUN_ID = "langchain.run.id"


class State(TypedDict, total=False):
    x: int
    log: Annotated[list[str], operator.add]


def slow(_: State) -> State:
    return {"x": 1}


def after(_: State) -> State:
    return {"x": 2}


def graph(node: Any = slow, **options: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("slow", node, cache_policy=CachePolicy())
    builder.add_node("after", after)
    builder.add_edge(START, "slow")
    builder.add_edge("slow", "after")
    return builder.compile(cache=InMemoryCache(), name="g", **options)


def invoke(app: Any, inputs: Any, **config: Any) -> Any:
    return app.invoke(inputs, config)


def ainvoke(app: Any, inputs: Any, **config: Any) -> Any:
    return asyncio.run(app.ainvoke(inputs, config))


def stream(app: Any, inputs: Any, **config: Any) -> Any:
    return list(app.stream(inputs, config, stream_mode="updates"))


def astream(app: Any, inputs: Any, **config: Any) -> Any:
    async def main() -> Any:
        return [item async for item in app.astream(inputs, config, stream_mode="updates")]

    return asyncio.run(main())


Way = Callable[..., Any]
WAYS = pytest.mark.parametrize("way", [invoke, ainvoke, stream, astream], ids=lambda way: way.__name__)


def facts(span: ReadableSpan) -> dict[str, Any]:
    """What a span says, but for what is another's in every run."""
    told = {**(span.attributes or {}), "kind": span.kind, "status": span.status.status_code}
    return {
        name: value for name, value in told.items() if name not in (HIT, RUN_ID, "langgraph.checkpoint.ns")
    }


def hits(recording: Recording) -> list[str]:
    return sorted(span.name for span in recording.spans if (span.attributes or {}).get(HIT) is True)


@WAYS
def test_a_cached_node_is_a_span_like_that_of_its_run(way: Way, traced: Recording) -> None:
    app = graph()
    first = way(app, {"x": 0})
    ran, tree = traced.named("node slow"), traced.paths()
    traced.clear()
    second = way(app, {"x": 0})
    cached = traced.named("node slow")

    assert HIT not in (ran.attributes or {})
    assert facts(ran) == facts(cached)
    assert tree == traced.paths()
    assert ["node slow"] == hits(traced)
    assert str(first).replace(", '__metadata__': {'cached': True}", "") == str(second).replace(
        ", '__metadata__': {'cached': True}", ""
    )


@WAYS
def test_a_cached_node_has_a_run_id_of_its_own_and_stands_before_the_next(
    way: Way, traced: Recording
) -> None:
    app = graph()
    way(app, {"x": 0})
    way(app, {"x": 0})
    ids = [span.attributes[RUN_ID] for span in traced.spans if span.attributes]

    assert len(ids) == len(set(ids)) == 6
    assert ["invoke_workflow g", "node slow", "node after"] == traced.names()[3:]


@WAYS
def test_a_cached_node_that_is_a_graph_is_one_span_without_what_is_below(way: Way, traced: Recording) -> None:
    builder = StateGraph(State)
    builder.add_node("inside", slow)
    builder.add_edge(START, "inside")
    app = graph(builder.compile(name="sub"))
    way(app, {"x": 0})
    traced.clear()
    way(app, {"x": 0})

    assert [
        "invoke_workflow g",
        "invoke_workflow g/node after",
        "invoke_workflow g/node slow",
    ] == traced.paths()
    assert ["node slow"] == hits(traced)


@WAYS
def test_a_cached_node_of_a_graph_inside_a_graph_lies_in_the_inner_one(way: Way, traced: Recording) -> None:
    inner = graph()
    builder = StateGraph(State)
    builder.add_node("outer", inner)
    builder.add_edge(START, "outer")
    app = builder.compile(name="top")
    way(app, {"x": 0})
    tree = traced.paths()
    traced.clear()
    way(app, {"x": 0})

    assert tree == traced.paths()
    assert ["node slow"] == hits(traced)


@task(cache_policy=CachePolicy())
def double(x: int) -> int:
    return 2 * x


@task(cache_policy=CachePolicy())
async def adouble(x: int) -> int:
    return 2 * x


def functional(way: Way) -> Any:
    if inspect.iscoroutinefunction(way) or way in (ainvoke, astream):

        @entrypoint(cache=InMemoryCache())
        async def aflow(x: int) -> int:
            return await adouble(x)

        return aflow

    @entrypoint(cache=InMemoryCache())
    def flow(x: int) -> int:
        return double(x).result()

    return flow


@WAYS
def test_a_cached_task_of_the_functional_api_is_a_span(way: Way, traced: Recording) -> None:
    app = functional(way)
    way(app, 3)
    tree = traced.paths()
    traced.clear()
    way(app, 3)

    assert tree == traced.paths()
    assert 1 == len(hits(traced))


@WAYS
def test_cached_parallel_nodes_are_a_span_each(way: Way, traced: Recording) -> None:
    def each(state: Any) -> Any:
        return {"log": [str(state["x"])]}

    builder = StateGraph(State)
    builder.add_node("each", each, cache_policy=CachePolicy())
    builder.add_conditional_edges(START, lambda _: [Send("each", {"x": x}) for x in (1, 2, 3)], ["each"])
    app = builder.compile(cache=InMemoryCache())
    way(app, {"x": 0})
    traced.clear()
    way(app, {"x": 0})

    assert 3 * ["node each"] == hits(traced)


class Forgetful(InMemoryCache[Any]):
    """Knows every node, but not what it wrote."""

    def get(self, keys: Any) -> Any:
        return dict.fromkeys(super().get(keys), ())


def test_a_node_that_runs_in_spite_of_the_cache_is_no_hit(traced: Recording) -> None:
    builder = StateGraph(State)
    builder.add_node("slow", slow, cache_policy=CachePolicy())
    builder.add_edge(START, "slow")
    app = builder.compile(cache=Forgetful())
    app.invoke({"x": 0})
    app.invoke({"x": 0})

    assert [] == hits(traced)
    assert 2 == traced.names().count("node slow")


@WAYS
def test_a_cached_node_of_a_trace_that_was_sampled_out_is_left_out(way: Way) -> None:
    recording = Recording(sampler=ParentBased(ALWAYS_OFF))
    with instrumented(recording) as handle:
        app = graph()
        way(app, {"x": 0})
        way(app, {"x": 0})
        assert 0 == open_runs(handle)

    assert [] == recording.spans


@WAYS
def test_a_cached_node_is_told_to_the_handler_that_the_graph_was_given(way: Way, traced: Recording) -> None:
    mine = Recording()
    handler = langspan.CallbackHandler(mine.provider)
    app = graph()
    way(app, {"x": 0}, callbacks=[handler])
    way(app, {"x": 0}, callbacks=[handler])

    assert ["node slow"] == hits(mine)
    assert [] == traced.spans


def test_a_cached_node_has_its_thread_and_user() -> None:
    recording = Recording()
    with instrumented(recording):
        app = graph()
        for _ in range(2):
            app.invoke({"x": 0}, {"configurable": {"thread_id": "t", "user_id": "u"}, "tags": ["mine"]})
    ran, cached = [span for span in recording.spans if span.name == "node slow"]

    assert "t" == (cached.attributes or {})["langspan.conversation.id"]
    assert facts(ran) == facts(cached)


@WAYS
def test_with_content_a_cached_node_tells_what_it_got_and_had_returned(way: Way) -> None:
    recording = Recording()
    with instrumented(recording, capture_content="span"):
        app = graph()
        way(app, {"x": 0})
        way(app, {"x": 0})
    ran, cached = [span for span in recording.spans if span.name == "node slow"]

    assert facts(ran) == facts(cached)
    assert '{"x":1}' == (cached.attributes or {})["langchain.output"]


def test_after_uninstrument_the_loops_methods_are_their_own() -> None:
    from langgraph.pregel import _loop

    before = (
        vars(_loop.SyncPregelLoop)["match_cached_writes"],
        vars(_loop.AsyncPregelLoop)["amatch_cached_writes"],
    )
    with instrumented(Recording()):
        during = (
            vars(_loop.SyncPregelLoop)["match_cached_writes"],
            vars(_loop.AsyncPregelLoop)["amatch_cached_writes"],
        )
    after = (
        vars(_loop.SyncPregelLoop)["match_cached_writes"],
        vars(_loop.AsyncPregelLoop)["amatch_cached_writes"],
    )

    assert before == after
    assert before[0] is not during[0]
    assert before[1] is not during[1]
