"""Event streams of graphs on a LangGraph server: each is one span of a client, until the graph's end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.pregel.remote import RemoteGraph
from langgraph.types import Command
from opentelemetry.trace import SpanKind

from langspan.kinds.remote_events import RemoteEvents
from support.agent_server import RUN_ID, AgentServer, serve
from support.application.remote_graphs import HAS_EVENT_STREAMS
from support.drawing import drawn, written
from support.recording import Recording, current_span_id, instrumented

pytestmark = [
    pytest.mark.skipif(not HAS_EVENT_STREAMS, reason="this LangGraph has no event streams of remote graphs"),
    # As with other streams, the SDK leaves connections to the garbage collector, traced or not.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
]

GIVEN = {"text": "Hi"}
DONE = {"text": "Hi", "answer": "done"}
Read = Callable[[Any, Any, Any], Any]


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with serve() as running:
        yield running
    gc.collect()


def remote(server: AgentServer, assistant: str = "echo") -> Any:
    return RemoteGraph(assistant, url=server.url, api_key="k")


def output(graph: Any, given: Any = GIVEN, config: Any = None) -> Any:
    with graph.stream_events(given, config, version="v3") as run:
        return run.output


def events(graph: Any, given: Any = GIVEN, config: Any = None) -> Any:
    with graph.stream_events(given, config, version="v3") as run:
        return [event["params"]["data"] for event in run if event["method"] == "values"][-1:]


def aoutput(graph: Any, given: Any = GIVEN, config: Any = None) -> Any:
    async def read() -> Any:
        async with await graph.astream_events(given, config, version="v3") as run:
            return await run.output()

    return asyncio.run(read())


def aevents(graph: Any, given: Any = GIVEN, config: Any = None) -> Any:
    async def read() -> Any:
        async with await graph.astream_events(given, config, version="v3") as run:
            return [event["params"]["data"] async for event in run if event["method"] == "values"][-1:]

    return asyncio.run(read())


def raised(read: Read, graph: Any) -> None:
    """Read what fails; who only looks at events is not told by an exception."""
    if read in (output, aoutput):
        with pytest.raises(RuntimeError, match="no such order"):
            read(graph, GIVEN, None)
    else:
        read(graph, GIVEN, None)


in_every_way = pytest.mark.parametrize("read", [output, events, aoutput, aevents])


@in_every_way
def test_it_is_one_span_of_a_client_that_its_requests_name(
    read: Read, server: AgentServer, traced: Recording
) -> None:
    assert read(remote(server), GIVEN, None) in (DONE, [DONE])

    (span,) = traced.spans
    assert ("invoke_agent echo", SpanKind.CLIENT, None) == (span.name, span.kind, span.parent)
    # The state of the thread is asked for by the application, outside of any run.
    requests = [request for request in server.requests if not request.path.endswith("/state")]
    named = {(request.header("traceparent") or "")[3:52] for request in requests}
    assert {f"{span.context.trace_id:032x}-{span.context.span_id:016x}"} == named


def test_what_a_span_says_is_what_that_of_a_call_says(server: AgentServer, recording: Recording) -> None:
    config: Any = {"configurable": {"thread_id": "t-1", "user_id": "u-1"}, "tags": ["prod"]}
    with instrumented(recording):
        remote(server).invoke(GIVEN, config)
        output(remote(server), GIVEN, config)

    called, streamed = ({**(span.attributes or {}), "langchain.run.id": None} for span in recording.spans)
    assert called == streamed
    assert RUN_ID == streamed["langgraph.run.id"]


@in_every_way
def test_content_is_what_went_in_and_the_last_state(
    read: Read, server: AgentServer, recording: Recording
) -> None:
    with instrumented(recording, capture_content=True):
        read(remote(server), GIVEN, None)

    attributes = recording.spans[0].attributes or {}
    assert ('{"text":"Hi"}', '{"text":"Hi","answer":"done"}') == (
        attributes["langchain.input"],
        attributes["langchain.output"],
    )


@in_every_way
def test_a_failure_on_the_server_is_one_here(read: Read, server: AgentServer, traced: Recording) -> None:
    raised(read, remote(server, "failing"))

    assert drawn(traced.spans) == "invoke_agent failing (error langgraph.pregel.remote.RemoteException)\n"


@pytest.mark.parametrize("read", [output, aoutput])
def test_a_call_that_is_refused_is_a_failure(read: Read, server: AgentServer, traced: Recording) -> None:
    with pytest.raises(Exception, match="401"):
        read(remote(server, "refused"), GIVEN, None)

    assert drawn(traced.spans) == "invoke_agent refused (error httpx.HTTPStatusError)\n"


@pytest.mark.parametrize("read", [output, aoutput])
def test_an_answer_that_breaks_off_is_a_failure(read: Read, server: AgentServer, traced: Recording) -> None:
    with pytest.raises(RuntimeError, match="ended before terminal event"):
        read(remote(server, "cut"), GIVEN, None)

    assert drawn(traced.spans) == "invoke_agent cut (error RuntimeError)\n"


@pytest.mark.parametrize("read", [events, aevents])
def test_a_graph_that_asks_its_user_is_interrupted_and_the_answer_is_linked(
    read: Read, server: AgentServer, traced: Recording
) -> None:
    config: Any = {"configurable": {"thread_id": "t-1"}}
    read(remote(server, "asking"), GIVEN, config)
    with serve() as after:  # where no stream has the events of the run before
        read(remote(after), Command(resume="yes"), config)

    first, second = traced.spans
    assert "interrupted" == (first.attributes or {})["langspan.outcome"]
    assert ["langgraph.interrupt"] == [event.name for event in first.events]
    assert [first.context.span_id] == [link.context.span_id for link in second.links]


@pytest.mark.parametrize("leave", ["exit", "abort", "raise"])
def test_one_that_is_left_early_is_closed(leave: str, server: AgentServer, traced: Recording) -> None:
    def read() -> None:
        with remote(server, "slow").stream_events(GIVEN, version="v3") as run:
            if leave == "abort":
                run.abort()
            if leave == "raise":
                raise KeyError

    if leave == "raise":
        with pytest.raises(KeyError):
            read()
    else:
        read()

    assert drawn(traced.spans) == "invoke_agent slow (closed)\n"


def test_one_that_is_cancelled_says_so(server: AgentServer, traced: Recording) -> None:
    async def cancel() -> None:
        async with asyncio.timeout(0.3):
            async with await remote(server, "slow").astream_events(GIVEN, version="v3") as run:
                await run.output()

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())

    assert drawn(traced.spans) == "invoke_agent slow (cancelled)\n"


def test_it_is_not_current_where_it_is_read(server: AgentServer, traced: Recording) -> None:
    with remote(server).stream_events(GIVEN, version="v3") as run:
        before = current_span_id()
        seen = [current_span_id() for _ in run]

    assert {0} == {before, *seen}


def test_what_the_application_does_after_the_end_takes_no_time_of_it(
    server: AgentServer, traced: Recording
) -> None:
    with remote(server).stream_events(GIVEN, version="v3") as run:
        assert DONE == run.output
        with traced.tracer.start_as_current_span("after"):
            pass

    after, stream = traced.named("after"), traced.named("invoke_agent echo")
    assert (stream.end_time or 0) <= (after.start_time or 0)


def test_one_that_nobody_enters_is_no_run(server: AgentServer, traced: Recording) -> None:
    remote(server).stream_events(GIVEN, version="v3")

    assert ([], []) == (traced.spans, server.requests)


@pytest.mark.parametrize("read", [output, aoutput])
def test_in_a_run_it_is_below_it(read: Read, server: AgentServer, traced: Recording) -> None:
    async def aread(_: Any) -> Any:
        async with await remote(server).astream_events(GIVEN, version="v3") as run:
            return await run.output()

    step: Any = RunnableLambda(lambda _: output(remote(server)), afunc=aread, name="step")
    assert DONE == (step.invoke(1) if read is output else asyncio.run(step.ainvoke(1)))

    assert drawn(traced.spans) == written("""
        step
          invoke_agent echo
    """)


def test_other_runs_of_the_thread_do_not_count() -> None:
    """A stream starts with the events of earlier runs."""
    answer = RemoteEvents()
    answer.run_id = "mine"
    for seq, (run, phase) in enumerate(
        [("other", "running"), ("other", "failed"), ("mine", "running"), ("mine", "completed")]
    ):
        params = {"namespace": [], "data": {"event": phase, "error": "x"}}
        event = {"method": "lifecycle", "seq": seq, "event_id": f"synth:{run}:lc||{phase}", "params": params}
        answer.tell(event, now=seq + 1)
    answer.settle()

    assert (4, None) == (answer.ended, answer.error)


def test_once_tracing_is_undone_nothing_is_recorded(server: AgentServer, recording: Recording) -> None:
    with instrumented(recording):
        graph = remote(server)
    assert DONE == output(graph)

    assert [] == recording.spans
    assert {None} == {request.header("traceparent") for request in server.requests}
