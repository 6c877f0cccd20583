"""Checkpoints, where asked for: each write and read is a span under the graph that wanted it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from support.recording import Recording, instrumented, open_runs

sqlite = pytest.importorskip("langgraph.checkpoint.sqlite", reason="needs langgraph-checkpoint-sqlite")
aio = pytest.importorskip("langgraph.checkpoint.sqlite.aio", reason="needs langgraph-checkpoint-sqlite")

ASKED: dict[str, Any] = {"checkpoints": True}
CONFIG: Any = {"configurable": {"thread_id": "t-1"}}
SECRET = "canary-7"


class State(TypedDict):
    x: str


@pytest.fixture
def asked() -> Iterator[Recording]:
    recording = Recording()
    with instrumented(recording, **ASKED) as handle:
        yield recording
        assert 0 == open_runs(handle)


def graph(saver: Any, *, name: str = "g", **nodes: Any) -> Any:
    builder: Any = StateGraph(State)
    nodes = nodes or {"a": lambda _: {"x": SECRET}}
    for node, following in zip(nodes, [*list(nodes)[1:], None], strict=True):
        builder.add_node(node, nodes[node])
        if following:
            builder.add_edge(node, following)
    builder.add_edge(START, next(iter(nodes)))
    return builder.compile(name=name, checkpointer=saver)


def nested(saver: Any) -> Any:
    return graph(saver, a=lambda _: {"x": SECRET}, b=graph(None, name="sub"))


def checkpoints(recording: Recording) -> list[ReadableSpan]:
    return [span for span in recording.spans if span.name.startswith("checkpoint")]


def told(span: ReadableSpan, name: str) -> Any:
    return (span.attributes or {}).get(f"langspan.checkpoint.{name}")


def under(recording: Recording) -> Counter[str]:
    """How many checkpoints lie under which path."""
    return Counter(path for path in recording.paths() if "checkpoint" in path)


def invoke(saver: Any) -> None:
    nested(saver).invoke({"x": ""}, CONFIG)


def stream(saver: Any) -> None:
    list(nested(saver).stream({"x": ""}, CONFIG))


def ainvoke(saver: Any) -> None:
    asyncio.run(nested(saver).ainvoke({"x": ""}, CONFIG))


def astream(saver: Any) -> None:
    async def main() -> None:
        async for _ in nested(saver).astream({"x": ""}, CONFIG):
            pass

    asyncio.run(main())


Way = Callable[[Any], None]
TREE = {
    "invoke_workflow g/checkpoint get",
    "invoke_workflow g/checkpoint put",
    "invoke_workflow g/checkpoint put_writes",
    "invoke_workflow g/node b/invoke_workflow sub/checkpoint get",
    "invoke_workflow g/node b/invoke_workflow sub/checkpoint put",
    "invoke_workflow g/node b/invoke_workflow sub/checkpoint put_writes",
}


@pytest.mark.parametrize("way", [invoke, stream, ainvoke, astream], ids=lambda way: way.__name__)
def test_checkpoints_lie_under_the_graph_that_they_belong_to(way: Way, asked: Recording) -> None:
    way(InMemorySaver())

    assert TREE == set(under(asked))
    assert 1 == len(asked.trace_ids())


@pytest.mark.parametrize("way", [invoke, stream], ids=lambda way: way.__name__)
def test_so_do_those_in_sqlite(way: Way, asked: Recording) -> None:
    with sqlite.SqliteSaver.from_conn_string(":memory:") as saver:
        way(saver)

    assert TREE == set(under(asked))
    assert {"SqliteSaver"} == {told(span, "saver") for span in checkpoints(asked)}


async def test_so_do_those_in_asynchronous_sqlite(asked: Recording, tmp_path: Path) -> None:
    async with aio.AsyncSqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
        await nested(saver).ainvoke({"x": ""}, CONFIG)

    assert TREE == set(under(asked))
    assert {"AsyncSqliteSaver"} == {told(span, "saver") for span in checkpoints(asked)}


@pytest.mark.parametrize("way", [invoke, ainvoke], ids=lambda way: way.__name__)
def test_each_is_one_span(way: Way, asked: Recording) -> None:
    saver = InMemorySaver()
    way(saver)
    put = [span for span in checkpoints(asked) if told(span, "operation") == "put"]

    assert len({(span.attributes or {})["langgraph.checkpoint.id"] for span in put}) == len(put)
    assert len(put) == sum(len(found) for spaces in saver.storage.values() for found in spaces.values())


def test_a_checkpoint_tells_thread_saver_and_size(asked: Recording) -> None:
    graph(InMemorySaver()).invoke({"x": ""}, CONFIG)
    put = [span for span in checkpoints(asked) if told(span, "operation") == "put"][-1]

    assert "t-1" == (put.attributes or {})["langspan.conversation.id"]
    assert "InMemorySaver" == told(put, "saver")
    assert told(put, "size") > len(SECRET)


def test_a_checkpoint_that_is_read_tells_its_id_and_size(asked: Recording) -> None:
    app = graph(InMemorySaver())
    app.invoke({"x": ""}, CONFIG)
    written = [span for span in checkpoints(asked) if told(span, "operation") == "put"][-1]
    asked.clear()
    app.get_state(CONFIG)
    (read,) = checkpoints(asked)

    assert ("get", 1) == (told(read, "operation"), told(read, "count"))
    assert (written.attributes or {})["langgraph.checkpoint.id"] == (read.attributes or {})[
        "langgraph.checkpoint.id"
    ]
    assert told(read, "size") > len(SECRET)


def test_a_checkpoint_that_is_not_there_counts_as_none(asked: Recording) -> None:
    graph(InMemorySaver()).get_state(CONFIG)

    assert [0] == [told(span, "count") for span in checkpoints(asked)]


def test_writes_are_counted(asked: Recording) -> None:
    saver = InMemorySaver()
    graph(saver).invoke({"x": ""}, CONFIG)
    counts = [told(span, "count") for span in checkpoints(asked) if told(span, "operation") == "put_writes"]

    assert sum(map(len, saver.writes.values())) == sum(counts) > 0


def test_a_history_is_one_span_with_the_number_of_checkpoints(asked: Recording) -> None:
    app = graph(InMemorySaver())
    app.invoke({"x": ""}, CONFIG)
    asked.clear()
    history = list(app.get_state_history(CONFIG))
    (read,) = checkpoints(asked)

    assert ("list", len(history)) == (told(read, "operation"), told(read, "count"))


async def test_so_is_an_asynchronous_one(asked: Recording, tmp_path: Path) -> None:
    async with aio.AsyncSqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver:
        app = graph(saver)
        await app.ainvoke({"x": ""}, CONFIG)
        asked.clear()
        history = [state async for state in app.aget_state_history(CONFIG)]
    (read,) = checkpoints(asked)

    assert ("list", len(history)) == (told(read, "operation"), told(read, "count"))


def test_a_history_that_is_not_read_to_its_end_is_closed(asked: Recording) -> None:
    saver = InMemorySaver()
    graph(saver).invoke({"x": ""}, CONFIG)
    asked.clear()
    history: Any = saver.list(CONFIG)
    next(history)
    history.close()
    (read,) = checkpoints(asked)

    assert "closed" == (read.attributes or {})["langspan.outcome"]


def test_a_history_that_nobody_reads_is_no_span(asked: Recording) -> None:
    InMemorySaver().list(CONFIG)

    assert [] == asked.spans


class Full(InMemorySaver):
    """Cannot write; defined by the application, after langspan was switched on or before."""

    def put(self, *args: Any, **kwargs: Any) -> Any:
        raise OSError("full")


def test_a_write_that_fails_is_an_error_and_raises_the_same(asked: Recording) -> None:
    with pytest.raises(OSError, match="full"):
        graph(Full()).invoke({"x": ""}, CONFIG)
    (failed, *_) = [span for span in checkpoints(asked) if told(span, "operation") == "put"]

    assert StatusCode.ERROR == failed.status.status_code
    assert "Full" == told(failed, "saver")


def test_a_saver_that_is_defined_later_is_seen(asked: Recording) -> None:
    class Late(InMemorySaver):
        def put(self, *args: Any, **kwargs: Any) -> Any:
            return super().put(*args, **kwargs)

    graph(Late()).invoke({"x": ""}, CONFIG)

    assert {"Late"} == {told(span, "saver") for span in checkpoints(asked)}
    assert 3 == [told(span, "operation") for span in checkpoints(asked)].count("put")


def test_no_content_of_a_checkpoint_is_recorded() -> None:
    recording = Recording()
    with instrumented(recording, **ASKED):
        app = graph(InMemorySaver())
        app.invoke({"x": SECRET}, CONFIG)
        list(app.get_state_history(CONFIG))

    assert SECRET not in "".join(span.to_json() for span in recording.spans)


SAVERS = (BaseCheckpointSaver, InMemorySaver)
METHODS = ("put", "put_writes", "get_tuple", "list", "aput", "aput_writes", "aget_tuple", "alist")


def patched() -> dict[str, Any]:
    methods = {f"{cls.__name__}.{name}": vars(cls)[name] for cls in SAVERS for name in METHODS}
    return {**methods, "dumps_typed": vars(JsonPlusSerializer)["dumps_typed"]}


def test_by_default_nothing_is_patched_for_them_and_no_span_is_made() -> None:
    before, recording = patched(), Recording()
    with instrumented(recording):
        assert before == patched()
        graph(InMemorySaver()).invoke({"x": ""}, CONFIG)

    assert [] == checkpoints(recording)


def test_the_variable_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSPAN_CHECKPOINTS", "true")
    recording = Recording()
    with instrumented(recording):
        graph(InMemorySaver()).get_state(CONFIG)

    assert ["checkpoint get"] == recording.names()


def test_after_uninstrument_the_savers_methods_are_their_own() -> None:
    before = patched()
    with instrumented(Recording(), **ASKED):
        during = patched()
    assert before == patched()
    assert not any(during[name] is before[name] for name in before)


def test_with_operations_only_they_are_left_out() -> None:
    recording = Recording()
    with instrumented(recording, spans="genai", **ASKED):
        graph(InMemorySaver()).invoke({"x": ""}, CONFIG)

    assert ["invoke_workflow g"] == recording.names()
