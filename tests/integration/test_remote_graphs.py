"""Graphs on a LangGraph server: each call is one span of a client, whichever way it is made and ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph.types import Command
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

import langspan
from support.agent_server import RUN_ID, AgentServer, serve
from support.drawing import drawn, written
from support.recording import Recording, current_span_id, instrumented
from support.telemetry import Telemetry

# Where a stream fails, the SDK leaves its connection to the garbage collector, traced or not.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

ASSISTANT = "8cf6a4d2-0b8e-5f43-9f0a-3e3d1c5a7b10"
GIVEN = {"text": "Hi"}
DONE = {"text": "Hi", "answer": "done"}
NAME = "invoke_agent echo"


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with serve() as running:
        yield running


def remote(server: AgentServer, assistant: str = "echo", **options: Any) -> RemoteGraph:
    """The client of an assistant; one that LangGraph's environment gives no key."""
    return RemoteGraph(assistant, url=server.url, api_key="k", **options)


class State(TypedDict, total=False):
    text: str
    answer: str


def calling(node: Any, **options: Any) -> Any:
    """A graph with a remote one, or a function, as its only node."""
    return StateGraph(State).add_node("far", node).add_edge(START, "far").compile(name="near", **options)


async def _all_of(stream: Any) -> list[Any]:
    return [item async for item in stream]


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "invoke": lambda graph, given: graph.invoke(given),
    "ainvoke": lambda graph, given: asyncio.run(graph.ainvoke(given)),
    "stream": lambda graph, given: list(graph.stream(given, stream_mode="values"))[-1],
    "astream": lambda graph, given: asyncio.run(_all_of(graph.astream(given, stream_mode="values")))[-1],
    "batch": lambda graph, given: graph.batch([given])[0],
    "abatch": lambda graph, given: asyncio.run(graph.abatch([given]))[0],
}
in_every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def context_of(span: ReadableSpan) -> str:
    """What a header says of a span."""
    return f"{span.context.trace_id:032x}-{span.context.span_id:016x}"


def arrived(server: AgentServer) -> list[str]:
    """The trace and the span that each request names as its parent."""
    return [(request.header("traceparent") or "")[3:52] for request in server.requests]


@in_every_way
def test_a_call_is_one_span_of_a_client_that_its_request_names(
    way: Callable[..., Any], server: AgentServer, traced: Recording
) -> None:
    assert way(remote(server), GIVEN) == DONE

    (span,) = traced.spans
    assert (NAME, SpanKind.CLIENT, None) == (span.name, span.kind, span.parent)
    assert [context_of(span)] == arrived(server)


@in_every_way
def test_as_a_node_it_is_one_span_below_the_node(
    way: Callable[..., Any], server: AgentServer, traced: Recording
) -> None:
    assert way(calling(remote(server)), GIVEN) == DONE

    assert drawn(traced.spans) == written(f"""
        invoke_workflow near
          node far
            {NAME}
    """)
    assert [context_of(traced.named(NAME))] == arrived(server)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_called_in_a_node_it_is_one_span_below_the_node(
    way: str, server: AgentServer, traced: Recording
) -> None:
    async def afar(_state: State) -> Any:
        return await remote(server).ainvoke(GIVEN)

    def far(_state: State) -> Any:
        return remote(server).invoke(GIVEN)

    WAYS[way](calling(far if way == "invoke" else afar), GIVEN)

    assert traced.paths() == [
        "invoke_workflow near",
        "invoke_workflow near/node far",
        f"invoke_workflow near/node far/{NAME}",
    ]


def test_what_a_span_says(server: AgentServer, recording: Recording) -> None:
    config: Any = {
        "configurable": {"thread_id": "t-1", "user_id": "u-1"},
        "tags": ["prod"],
        "run_name": "ask",
        "metadata": {"note": "n"},
    }
    with instrumented(recording):
        remote(server, name="far", config={"tags": ["own"]}).invoke(GIVEN, config)

    (span,) = recording.spans
    attributes = dict(span.attributes or {})
    assert attributes.pop("langchain.run.id")
    assert attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "langgraph",
        "gen_ai.agent.name": "far",
        "gen_ai.conversation.id": "t-1",
        "user.id": "u-1",
        "langgraph.assistant.id": "echo",
        "langgraph.run.id": RUN_ID,
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
        "langchain.tags": ("own", "prod"),
        "langchain.run.name": "ask",
    }


def test_an_id_is_no_name(server: AgentServer, traced: Recording) -> None:
    remote(server, ASSISTANT).invoke(GIVEN)

    (span,) = traced.spans
    attributes = span.attributes or {}
    assert span.name == "invoke_agent"
    assert "gen_ai.agent.name" not in attributes
    assert (ASSISTANT, ASSISTANT) == (attributes["gen_ai.agent.id"], attributes["langgraph.assistant.id"])


@in_every_way
def test_content_is_what_went_in_and_the_last_state(
    way: Callable[..., Any], server: AgentServer, recording: Recording
) -> None:
    with instrumented(recording, capture_content=True):
        way(remote(server), GIVEN)

    (span,) = recording.spans
    attributes = span.attributes or {}
    assert '{"text":"Hi"}' == attributes["langchain.input"]
    assert '{"text":"Hi","answer":"done"}' == attributes["langchain.output"]


def test_a_conversation_is_told_as_messages(server: AgentServer, recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        remote(server).invoke({"messages": [{"role": "user", "content": "Hi"}]})

    assert (
        '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]'
        == ((recording.spans[0].attributes or {})["gen_ai.input.messages"])
    )


def test_its_duration_is_measured_once(server: AgentServer) -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        calling(remote(server)).invoke(GIVEN)
    points = [
        dict(point.attributes)
        for metric in (item for item in telemetry.items() if hasattr(item, "points"))
        if metric.name == "gen_ai.client.operation.duration"
        for point in metric.points
    ]

    (labels,) = points
    assert ("invoke_agent", "langgraph") == (labels["gen_ai.operation.name"], labels["gen_ai.provider.name"])


@in_every_way
def test_a_failure_on_the_server_is_one_here(
    way: Callable[..., Any], server: AgentServer, traced: Recording
) -> None:
    with pytest.raises(Exception, match="no such order"):
        way(remote(server, "failing"), GIVEN)

    assert drawn(traced.spans) == "invoke_agent failing (error langgraph.pregel.remote.RemoteException)\n"


def test_a_server_that_is_not_there_is_a_failure(server: AgentServer, traced: Recording) -> None:
    graph = RemoteGraph("echo", url="http://127.0.0.1:9", api_key="k")
    with pytest.raises(Exception, match="Connection refused"):
        graph.invoke(GIVEN)

    assert drawn(traced.spans) == f"{NAME} (error httpx.ConnectError)\n"


# -- interrupts


@in_every_way
def test_a_remote_graph_that_asks_its_user_is_interrupted(
    way: Callable[..., Any], server: AgentServer, traced: Recording
) -> None:
    way(remote(server, "asking"), GIVEN)

    (span,) = traced.spans
    (event,) = span.events
    assert "interrupted" == (span.attributes or {})["langspan.outcome"]
    assert ("langgraph.interrupt", {"langgraph.interrupt.count": 1}) == (
        event.name,
        dict(event.attributes or {}),
    )


def test_an_interrupt_is_seen_in_a_stream_that_does_not_ask_for_it(
    server: AgentServer, traced: Recording
) -> None:
    assert [] == list(remote(server, "asking").stream(GIVEN, stream_mode="messages"))

    assert drawn(traced.spans) == "invoke_agent asking (interrupted)\n"


def test_as_a_node_it_interrupts_its_graph(server: AgentServer, traced: Recording) -> None:
    calling(remote(server, "asking"), checkpointer=InMemorySaver()).invoke(
        GIVEN, {"configurable": {"thread_id": "t-1"}}
    )

    assert drawn(traced.spans) == written("""
        invoke_workflow near (interrupted)
          node far (interrupted)
            invoke_agent asking (interrupted)
    """)


def test_called_in_a_node_it_does_not_interrupt_its_graph(server: AgentServer, traced: Recording) -> None:
    calling(lambda _state: remote(server, "asking").invoke(GIVEN) and {}).invoke(GIVEN)

    assert drawn(traced.spans) == written("""
        invoke_workflow near
          node far
            invoke_agent asking (interrupted)
    """)


def test_the_call_that_goes_on_is_linked_to_the_interrupted_one(
    server: AgentServer, traced: Recording
) -> None:
    config: Any = {"configurable": {"thread_id": "t-1"}}
    remote(server, "asking").invoke(GIVEN, config)
    remote(server).invoke(Command(resume="yes"), config)

    first, second = traced.spans
    assert [first.context.span_id] == [link.context.span_id for link in second.links]


def test_what_it_asks_is_content(server: AgentServer, recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        remote(server, "asking").invoke(GIVEN)

    (span,) = recording.spans
    assert '["Really?"]' == (span.events[0].attributes or {})["langgraph.interrupt.values"]
    assert '{"text":"Hi"}' == (span.attributes or {})["langchain.output"]


# -- streams


def test_a_stream_is_not_current_in_its_consumer(server: AgentServer, traced: Recording) -> None:
    seen = [current_span_id() for _ in remote(server).stream(GIVEN)]

    async def consume() -> list[int]:
        return [current_span_id() async for _ in remote(server).astream(GIVEN)]

    assert {0} == {*seen, *asyncio.run(consume())}


def test_a_stream_that_nobody_reads_is_no_call(server: AgentServer, traced: Recording) -> None:
    remote(server).stream(GIVEN)

    assert [] == traced.spans
    assert [] == server.requests


def test_a_stream_that_is_closed_early_ends_once(server: AgentServer, traced: Recording) -> None:
    stream: Any = remote(server, "slow").stream(GIVEN)
    next(stream)
    stream.close()

    assert drawn(traced.spans) == "invoke_agent slow (closed)\n"


def test_a_stream_that_is_dropped_ends_once(server: AgentServer, traced: Recording) -> None:
    stream: Any = remote(server, "slow").stream(GIVEN)
    next(stream)
    del stream
    gc.collect()

    assert drawn(traced.spans) == "invoke_agent slow (closed)\n"


def test_an_asynchronous_stream_that_is_closed_early_ends_once(
    server: AgentServer, traced: Recording
) -> None:
    async def consume() -> None:
        stream: Any = remote(server, "slow").astream(GIVEN)
        await anext(stream)
        await stream.aclose()

    asyncio.run(consume())

    assert drawn(traced.spans) == "invoke_agent slow (closed)\n"


def test_an_asynchronous_stream_that_is_dropped_ends_once(server: AgentServer, traced: Recording) -> None:
    async def consume() -> None:
        await anext(remote(server, "slow").astream(GIVEN))
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(consume())

    assert drawn(traced.spans) == "invoke_agent slow (closed)\n"


@pytest.mark.parametrize("as_a_node", [False, True])
def test_a_call_that_is_cancelled_ends_once(as_a_node: bool, server: AgentServer, traced: Recording) -> None:
    graph: Any = calling(remote(server, "slow")) if as_a_node else remote(server, "slow")

    async def cancel() -> None:
        async with asyncio.timeout(0.3):
            await graph.ainvoke(GIVEN)

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())

    assert "cancelled" == (traced.named("invoke_agent slow").attributes or {})["langspan.outcome"]


def test_many_at_once_keep_apart(server: AgentServer, traced: Recording) -> None:
    async def together() -> None:
        await asyncio.gather(*(calling(remote(server)).ainvoke(GIVEN) for _ in range(20)))

    asyncio.run(together())

    assert 20 == len(traced.trace_ids())
    assert sorted(context_of(span) for span in traced.spans if span.name == NAME) == sorted(arrived(server))


def test_once_tracing_is_undone_nothing_is_recorded_or_sent(
    server: AgentServer, recording: Recording
) -> None:
    with instrumented(recording):
        graph = remote(server)
    graph.invoke(GIVEN)

    assert [] == recording.spans
    assert [""] == arrived(server)


# -- the server's side: what it passes on of the request


def served(context: str | None, **more: str) -> Any:
    """The config with which a server runs a graph, if it is told to pass these headers on."""
    given = {"traceparent": context} if context else {}
    return {"configurable": {**given, **more, "graph_id": "near"}}


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_graph_goes_on_in_the_trace_of_the_request_that_asked_for_it(way: str, traced: Recording) -> None:
    graph = calling(lambda state: state)
    config = served(PARENT, tracestate="a=b")
    graph.invoke(GIVEN, config) if way == "invoke" else asyncio.run(graph.ainvoke(GIVEN, config))

    root = traced.named("invoke_workflow near")
    assert PARENT[3:52] == f"{root.context.trace_id:032x}-{root.parent.span_id if root.parent else 0:016x}"
    assert "b" == root.context.trace_state.get("a")
    assert "invoke_workflow near" == traced.parent("node far")


def test_a_span_around_a_graph_is_nearer_than_the_request(traced: Recording) -> None:
    with traced.tracer.start_as_current_span("request"):
        calling(lambda state: state).invoke(GIVEN, served(PARENT))

    assert "request" == traced.parent("invoke_workflow near")


def test_graphs_inside_do_not_join_the_request_themselves(traced: Recording) -> None:
    inner = calling(lambda state: state)
    calling(inner).invoke(GIVEN, served(PARENT))

    roots = [span for span in traced.spans if span.parent is not None and span.parent.is_remote]
    assert ["invoke_workflow near"] == [span.name for span in roots]


@pytest.mark.parametrize("context", [None, "", "nonsense", 7, PARENT.upper()])
def test_a_request_that_names_no_trace_changes_nothing(context: Any, traced: Recording) -> None:
    calling(lambda state: state).invoke(GIVEN, served(context))

    assert traced.named("invoke_workflow near").parent is None


def test_a_request_that_was_sampled_out_leaves_the_graph_out(traced: Recording) -> None:
    calling(lambda state: state).invoke(GIVEN, served(f"{PARENT[:-1]}0"))

    assert [] == traced.spans


def test_baggage_of_the_request_is_read_only_where_that_is_asked_for(recording: Recording) -> None:
    with recording.tracer.start_as_current_span("sender"), langspan.context(user_id="u-1", baggage=True):
        carrier: dict[str, str] = {}
        langspan.inject(carrier)
    users = []
    for read_baggage in (False, True):
        recording.clear()
        with instrumented(recording, read_baggage=read_baggage):
            calling(lambda state: state).invoke(GIVEN, served(PARENT, baggage=carrier["baggage"]))
        users.append((recording.named("invoke_workflow near").attributes or {}).get("user.id"))

    assert [None, "u-1"] == users


def test_where_a_run_is_left_out_its_request_says_so(server: AgentServer) -> None:
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    recording = Recording(sampler=ALWAYS_OFF)
    with instrumented(recording):
        remote(server).invoke(GIVEN)

    flags = (server.requests[0].header("traceparent") or "")[-2:]
    assert 0 == int(flags, 16) & 1
    assert not trace.get_current_span().is_recording()
