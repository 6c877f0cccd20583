"""Graphs on LangGraph's own server: the client's process and the server's make one trace.

The server is `langgraph dev` in another process, started as the documentation says: none of its code knows
of tracing. Both processes send their spans to one receiver.
"""

from __future__ import annotations

import asyncio
import gc
import json
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client

import langspan
from docs.pages import page
from docs.programs import environment
from docs.servers import CALL_IT, CALLER, SHOP, START_IT
from support.ecosystem import needed
from support.langgraph_dev import langgraph_dev
from support.models import StreamingChat, tool_call
from support.otlp import Server, receive
from support.otlp_data import Span

needed("langgraph_api")
deepagents = needed("deepagents")

# The SDK leaves its connections to the garbage collector, traced or not.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

PAGE = page("docs/recipes/langgraph-server.md")
SERVE = shlex.split(START_IT)
WITHOUT_STARLETTE = "Without Starlette's instrumentation"
HEADERS = json.loads(PAGE.block(WITHOUT_STARLETTE, "json").code)["http"]
WITHOUT = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "starlette"}
STARLETTE = "opentelemetry.instrumentation.starlette"
GIVEN = {"text": "Hi"}
DONE = {"text": "Hi!"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Server]:
    with receive() as running:
        yield running


@pytest.fixture(scope="module")
def url(receiver: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that is told to pass the headers of a trace on to its graphs."""
    folder = tmp_path_factory.mktemp("server")
    with langgraph_dev(SERVE, folder, receiver.endpoint, http=HEADERS, **WITHOUT) as running:
        yield running


@pytest.fixture
def client(receiver: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[langspan.Instrumentation]:
    """This process, traced as an application is."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "client")
    handle = langspan.instrument()
    yield handle
    handle.shutdown()


@pytest.fixture(autouse=True)
def no_connection_is_left() -> Iterator[None]:
    yield
    gc.collect()


class State(TypedDict, total=False):
    text: str


def calling(node: Any) -> Any:
    """A graph of this process with a remote one as its only node."""
    return StateGraph(State).add_node("far", node).add_edge(START, "far").compile(name="near")


async def _all_of(stream: Any) -> list[Any]:
    return [item async for item in stream]


WAYS: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda graph: graph.invoke(GIVEN),
    "ainvoke": lambda graph: asyncio.run(graph.ainvoke(GIVEN)),
    "stream": lambda graph: list(graph.stream(GIVEN, stream_mode="values"))[-1],
    "astream": lambda graph: asyncio.run(_all_of(graph.astream(GIVEN, stream_mode="values")))[-1],
}
in_every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def drawn(client: langspan.Instrumentation, receiver: Server, root: str, last: str) -> str:
    """The newest trace whose root has that name, once a span of that name is there as well."""
    assert client.flush()
    return arrived(receiver, root, last)


def arrived(receiver: Server, root: str, last: str) -> str:
    """The same of what other processes have sent."""

    def found() -> list[Span] | None:
        spans = receiver.received.spans
        ids = [span.trace_id for span in spans if (span.name, span.parent_id) == (root, None)]
        trace = [span for span in spans if ids and span.trace_id == ids[-1]]
        return (
            trace
            if any(span.name == last and span.resource["service.name"] == "server" for span in trace)
            else None
        )

    receiver.wait_for(lambda _: found(), timeout=30)
    return _drawn(found() or [])


def _drawn(spans: Sequence[Span]) -> str:
    """Every span behind the name of its service; those of web frameworks only if they have children here."""
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start):
        children[span.parent_id].append(span)

    def draw(parent: str | None) -> str:
        lines = ""
        for span in children[parent]:
            below = draw(span.span_id)
            if below or not span.scope.name.startswith("opentelemetry.instrumentation"):
                outcome = span.attributes.get("langspan.outcome") or span.attributes.get("error.type")
                told = f" ({outcome})" if outcome else ""
                lines += f"{span.resource['service.name']}: {span.name}{told}\n{indent(below, '  ')}"
        return lines

    return draw(None)


@in_every_way
def test_a_call_and_its_graph_are_one_trace(
    way: Callable[[Any], Any], url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    assert DONE == way(RemoteGraph("shop", url=url))

    shown = PAGE.block(WITHOUT_STARLETTE, "text").code
    assert drawn(client, receiver, "invoke_agent shop", "invoke_workflow shop") == shown


@in_every_way
def test_a_remote_graph_as_a_node_is_one_trace_with_its_graph(
    way: Callable[[Any], Any], url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    assert DONE == way(calling(RemoteGraph("shop", url=url)))

    assert drawn(client, receiver, "invoke_workflow near", "invoke_workflow shop") == dedent("""\
        client: invoke_workflow near
          client: node far
            client: invoke_agent shop
              server: invoke_workflow shop
                server: node work
    """)


def output(graph: Any) -> Any:
    with graph.stream_events(GIVEN, version="v3") as run:
        return run.output


def aoutput(graph: Any) -> Any:
    async def read() -> Any:
        async with await graph.astream_events(GIVEN, version="v3") as run:
            return await run.output()

    return asyncio.run(read())


def events(graph: Any) -> Any:
    """Read an event stream to its end, as far as it has one: the server leaves it open."""
    with graph.stream_events(GIVEN, version="v3") as run:
        values: Any = None
        for event in run:
            values = event["params"]["data"] if event["method"] == "values" else values
        return values


def aevents(graph: Any) -> Any:
    async def read() -> Any:
        values: Any = None
        async with await graph.astream_events(GIVEN, version="v3") as run:
            async for event in run:
                values = event["params"]["data"] if event["method"] == "values" else values
                if event["method"] == "lifecycle" and event["params"]["data"]["event"] != "running":
                    break
        return values

    return asyncio.run(read())


in_every_event_stream = pytest.mark.parametrize("read", [output, events, aoutput, aevents])


@in_every_event_stream
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_an_event_stream_and_its_graph_are_one_trace(
    read: Callable[[Any], Any], url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    assert DONE == read(RemoteGraph("shop", url=url))

    shown = PAGE.block(WITHOUT_STARLETTE, "text").code
    assert drawn(client, receiver, "invoke_agent shop", "invoke_workflow shop") == shown


@pytest.mark.parametrize("read", [output, aoutput])
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_an_event_stream_inside_a_run_is_in_its_trace(
    read: Callable[[Any], Any], url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    far = RemoteGraph("shop", url=url)

    async def aread(_: Any) -> Any:
        async with await far.astream_events(GIVEN, version="v3") as run:
            return await run.output()

    step: Any = RunnableLambda(lambda _: output(far), afunc=aread, name="step")
    assert DONE == (step.invoke(1) if read is output else asyncio.run(step.ainvoke(1)))
    assert drawn(client, receiver, "step", "invoke_workflow shop") == dedent("""\
        client: step
          client: invoke_agent shop
            server: invoke_workflow shop
              server: node work
    """)


@pytest.mark.parametrize("read", [events, aevents])
@pytest.mark.parametrize(
    ("graph", "here", "there"),
    [
        ("asking", "interrupted", "interrupted"),
        ("failing", "langgraph.pregel.remote.RemoteException", "ValueError"),
    ],
)
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_an_event_stream_tells_how_its_graph_ended(
    graph: str, here: str, there: str, read: Any, url: str, client: Any, receiver: Server
) -> None:
    read(RemoteGraph(graph, url=url))

    assert drawn(client, receiver, f"invoke_agent {graph}", f"invoke_workflow {graph}") == dedent(f"""\
        client: invoke_agent {graph} ({here})
          server: invoke_workflow {graph} ({there})
            server: node work ({there})
    """)


def test_a_graph_that_asks_its_user_is_interrupted_in_both(
    url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    RemoteGraph("asking", url=url).invoke(GIVEN)

    assert drawn(client, receiver, "invoke_agent asking", "invoke_workflow asking") == dedent("""\
        client: invoke_agent asking (interrupted)
          server: invoke_workflow asking (interrupted)
            server: node work (interrupted)
    """)


def test_a_failure_is_one_in_both(url: str, client: langspan.Instrumentation, receiver: Server) -> None:
    with pytest.raises(Exception, match="no such order"):
        RemoteGraph("failing", url=url).invoke(GIVEN)

    assert drawn(client, receiver, "invoke_agent failing", "invoke_workflow failing") == dedent("""\
        client: invoke_agent failing (langgraph.pregel.remote.RemoteException)
          server: invoke_workflow failing (ValueError)
            server: node work (ValueError)
    """)


HELPED = """\
client: execute_tool start_async_task
  server: invoke_workflow helper
    server: node work
"""


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_deep_agents_asynchronous_helper_is_in_its_trace(
    way: str, url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    asked = tool_call("start_async_task", description="2 + 2?", subagent_type="helper")
    model = StreamingChat(answers=[asked, "It has begun."], model_name="m")
    helper: Any = {"name": "helper", "description": "Counts.", "graph_id": "helper", "url": url}
    boss = deepagents.create_deep_agent(model=model, tools=[], subagents=[helper], name="boss")
    given: Any = {"messages": [("user", "2 + 2?")]}
    boss.invoke(given) if way == "invoke" else asyncio.run(boss.ainvoke(given))

    tree = drawn(client, receiver, "invoke_agent boss", "invoke_workflow helper")
    assert indent(HELPED, " " * 4) in tree, tree


def test_a_later_request_on_a_thread_without_a_trace_has_one_of_its_own(
    url: str, client: langspan.Instrumentation, receiver: Server
) -> None:
    """The server does not keep the headers of a request with the thread."""
    here = {"configurable": {"thread_id": str(uuid4())}}
    far = get_sync_client(url=url)
    far.threads.create(thread_id=here["configurable"]["thread_id"])
    RemoteGraph("shop", url=url).invoke(GIVEN, here)
    assert drawn(client, receiver, "invoke_agent shop", "invoke_workflow shop")

    assert DONE == far.runs.wait(here["configurable"]["thread_id"], "shop", input=GIVEN)

    assert arrived(receiver, "invoke_workflow shop", "invoke_workflow shop") == dedent("""\
        server: invoke_workflow shop
          server: node work
    """)


@pytest.mark.parametrize(
    ("server", "tree", "last", "variables"),
    [
        ("Start the server", "Call it", "POST /runs/stream", {}),
        (WITHOUT_STARLETTE, WITHOUT_STARLETTE, "invoke_workflow shop", WITHOUT),
    ],
    ids=["with Starlette", "without"],
)
def test_the_recipe_is_complete(
    server: str, tree: str, last: str, variables: dict[str, str], receiver: Server, tmp_path: Path
) -> None:
    """Graph, settings, caller and commands of the page and nothing else; only the port is another."""
    if find_spec(STARLETTE) is None:
        pytest.skip("opentelemetry-instrumentation-starlette is missing: pip install it")
    (tmp_path / "shop.py").write_text(SHOP, "utf-8")
    (tmp_path / "langgraph.json").write_text(PAGE.block(server, "json").code, "utf-8")
    with langgraph_dev(SERVE, tmp_path, receiver.endpoint, **variables) as url:
        (tmp_path / "app.py").write_text(CALLER.replace("http://localhost:2024", url), "utf-8")
        done = subprocess.run(
            ["sh", "-ec", CALL_IT],
            cwd=tmp_path,
            env=environment(receiver.endpoint),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (0, f"{DONE}\n") == (done.returncode, done.stdout), done.stderr
        assert PAGE.block(tree, "text").code == arrived(receiver, "invoke_agent shop", last)
