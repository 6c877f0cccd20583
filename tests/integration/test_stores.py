"""Long-term memory: what spans of LangGraph's stores say, and for whom a batching store works."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore, GetOp, InvalidNamespaceError, ListNamespacesOp, PutOp, SearchOp
from langgraph.store.base.batch import AsyncBatchedBaseStore
from langgraph.store.memory import InMemoryStore
from opentelemetry import context as otel
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased

from support.models import ScriptedEmbeddings
from support.probe import turn
from support.recording import Recording, instrumented, open_runs

PLACE = ("users", "u-1")
REQUESTS = 200
COUNT = "gen_ai.memory.record.count"


class Batching(AsyncBatchedBaseStore):
    """A store that does in one go what many have asked for."""

    def __init__(self, inner: BaseStore) -> None:
        super().__init__()
        self.inner = inner

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await self.inner.abatch(ops)


class Asynchronous(ScriptedEmbeddings):
    """Embeddings that need no thread: two hundred nodes in threads leave none."""

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        await turn()
        return [[0.5] for _ in texts]

    async def aembed_query(self, text: str) -> list[float]:
        await turn()
        return [0.5]


def memory() -> InMemoryStore:
    return InMemoryStore(index={"dims": 1, "embed": Asynchronous()})


@asynccontextmanager
async def batching() -> AsyncIterator[Batching]:
    store = Batching(memory())
    try:
        yield store
    finally:
        assert store._task is not None
        store._task.cancel()


def facts(span: ReadableSpan) -> dict[str, Any]:
    """What a span says of the memory."""
    of_memory = ("gen_ai.memory", "langgraph.store", "langspan.memory")
    return {name: value for name, value in (span.attributes or {}).items() if name.startswith(of_memory)}


# -- what they say


def ask(store: BaseStore) -> None:
    store.put(PLACE, "tea", {"kind": "oolong"})
    store.get(PLACE, "tea")
    store.get(PLACE, "milk")
    store.search(("users",), query="drink", limit=5)
    store.list_namespaces(prefix=("users",))
    store.delete(PLACE, "tea")


async def aask(store: BaseStore) -> None:
    await store.aput(PLACE, "tea", {"kind": "oolong"})
    await store.aget(PLACE, "tea")
    await store.aget(PLACE, "milk")
    await store.asearch(("users",), query="drink", limit=5)
    await store.alist_namespaces(prefix=("users",))
    await store.adelete(PLACE, "tea")


NAME = {"langgraph.store.name": "InMemoryStore"}
ASKED = [
    ("upsert_memory", {**NAME, COUNT: 1}),
    ("get_memory", {**NAME, COUNT: 1}),
    ("get_memory", {**NAME, COUNT: 0}),
    ("search_memory", {**NAME, COUNT: 1}),
    ("list_memory_namespaces", {**NAME, "langspan.memory.namespace_count": 1}),
    ("delete_memory", {**NAME, COUNT: 1}),
]


def test_an_operation_tells_its_store_and_how_much_it_was_about(traced: Recording) -> None:
    ask(InMemoryStore())

    assert ASKED == [(span.name, facts(span)) for span in traced.spans]
    assert [span.name for span in traced.spans] == [
        (span.attributes or {})["gen_ai.operation.name"] for span in traced.spans
    ]


def test_an_asynchronous_operation_tells_the_same(traced: Recording) -> None:
    asyncio.run(aask(InMemoryStore()))

    assert ASKED == [(span.name, facts(span)) for span in traced.spans]


def test_a_batch_of_different_operations_tells_which(traced: Recording) -> None:
    InMemoryStore().batch([PutOp(PLACE, "tea", {}), GetOp(PLACE, "tea"), SearchOp(PLACE), ListNamespacesOp()])

    (span,) = traced.spans
    assert "batch_memory" == span.name
    assert {
        **NAME,
        COUNT: 0,
        "langspan.memory.operation_count": 4,
        "langspan.memory.operations": (
            "get_memory",
            "list_memory_namespaces",
            "search_memory",
            "upsert_memory",
        ),
    } == facts(span)


def test_a_batch_of_one_kind_is_that_operation(traced: Recording) -> None:
    InMemoryStore().batch([PutOp(PLACE, "tea", {}), PutOp(PLACE, "milk", {})])

    (span,) = traced.spans
    assert ("upsert_memory", 2, 2) == (
        span.name,
        facts(span)[COUNT],
        facts(span)["langspan.memory.operation_count"],
    )


def test_operations_in_an_iterator_are_not_consumed(traced: Recording) -> None:
    store = InMemoryStore()
    store.put(PLACE, "tea", {})

    (found,) = store.batch(iter([GetOp(PLACE, "tea")]))

    assert "tea" == found.key
    assert ["upsert_memory", "batch_memory"] == traced.names()


def test_the_exception_of_a_store_is_on_the_span(traced: Recording) -> None:
    with pytest.raises(InvalidNamespaceError):
        InMemoryStore().put((), "tea", {})

    (span,) = traced.spans
    assert "langgraph.store.base.InvalidNamespaceError" == (span.attributes or {})["error.type"]
    assert COUNT not in facts(span)


def test_a_store_behind_a_store_has_no_span(traced: Recording) -> None:
    class Behind(BaseStore):
        inner = InMemoryStore()

        def batch(self, ops: Iterable[Any]) -> list[Any]:
            return self.inner.batch(ops)

        async def abatch(self, ops: Iterable[Any]) -> list[Any]:
            return await self.inner.aget(PLACE, "tea")  # type: ignore[return-value]

    Behind().get(PLACE, "tea")

    assert [("get_memory", "Behind")] == [
        (span.name, facts(span)["langgraph.store.name"]) for span in traced.spans
    ]


def test_content_is_keys_values_queries_and_namespaces(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        ask(memory())

    put, got, missed, searched, listed, deleted = (
        facts(span) for span in recording.spans if span.name != "embeddings scripted-1"
    )
    record = {"id": "tea", "content": {"kind": "oolong"}, "metadata": {"namespace": ["users", "u-1"]}}
    assert [record] == json.loads(put["gen_ai.memory.records"])
    assert [record] == json.loads(got["gen_ai.memory.records"])
    assert "gen_ai.memory.records" not in missed
    assert {"tea", "milk"} == {each["gen_ai.memory.record.id"] for each in (put, got, missed, deleted)}
    assert ("drink", '["users"]') == (
        searched["gen_ai.memory.query.text"],
        searched["langspan.memory.namespace"],
    )
    (found,) = json.loads(searched["gen_ai.memory.records"])
    assert {**record, "score": found["score"]} == found
    assert '[["users","u-1"]]' == listed["langspan.memory.namespaces"]


def test_the_value_that_was_stored_is_kept_as_it_was(recording: Recording) -> None:
    """The application may change it afterwards."""
    value = {"kind": "oolong"}

    with instrumented(recording, capture_content=True):
        InMemoryStore().put(PLACE, "tea", value)
        value["kind"] = "changed"

    assert "changed" not in str(facts(recording.named("upsert_memory")))


def test_an_operation_is_measured_once() -> None:
    reader, recording = InMemoryMetricReader(), Recording()
    with instrumented(recording, meter_provider=MeterProvider([reader])):
        ask(InMemoryStore())
    data = reader.get_metrics_data()
    assert data is not None
    metrics = [each for of in data.resource_metrics for scope in of.scope_metrics for each in scope.metrics]
    (duration,) = [each for each in metrics if each.name == "gen_ai.client.operation.duration"]
    counts = {
        point.attributes["gen_ai.operation.name"]: point.count  # type: ignore[index, union-attr]
        for point in duration.data.data_points
    }
    assert {
        "upsert_memory": 1,
        "get_memory": 2,
        "search_memory": 1,
        "list_memory_namespaces": 1,
        "delete_memory": 1,
    } == counts


# -- SQLite


def test_sqlite(traced: Recording) -> None:
    sqlite = pytest.importorskip(
        "langgraph.store.sqlite", reason="needs langgraph-checkpoint-sqlite: pip install it"
    )
    with sqlite.SqliteStore.from_conn_string(":memory:") as store:
        store.setup()
        ask(store)

    of_sqlite = [(name, {**told, "langgraph.store.name": "SqliteStore"}) for name, told in ASKED]
    assert of_sqlite == [(span.name, facts(span)) for span in traced.spans]


def test_sqlite_asynchronously(traced: Recording) -> None:
    sqlite = pytest.importorskip(
        "langgraph.store.sqlite", reason="needs langgraph-checkpoint-sqlite: pip install it"
    )

    async def main() -> None:
        async with sqlite.AsyncSqliteStore.from_conn_string(":memory:") as store:
            await store.setup()
            await aask(store)
            await asyncio.to_thread(ask, store)

    asyncio.run(main())

    of_sqlite = [(name, {**told, "langgraph.store.name": "AsyncSqliteStore"}) for name, told in ASKED]
    assert [*of_sqlite, *of_sqlite] == [(span.name, facts(span)) for span in traced.spans]


# -- for whom a batching store works


def children(spans: Sequence[ReadableSpan], parent: ReadableSpan) -> list[str]:
    below = [span for span in spans if span.parent and span.parent.span_id == parent.context.span_id]
    return sorted(span.name for span in below)


def linked(span: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in span.links}


def test_work_for_several_traces_is_nobodys_child_and_linked_with_all(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))

    asyncio.run(main())

    work = traced.named("shared memory batch Batching")
    searches = [span for span in traced.spans if span.name == "search_memory"]
    assert work.parent is None
    assert ["embeddings scripted-1"] * 2 == children(traced.spans, work)
    assert [[], []] == [children(traced.spans, search) for search in searches]
    assert {search.context.span_id for search in searches} == linked(work)
    assert [{work.context.span_id}] * 2 == [linked(search) for search in searches]
    assert 3 == len(traced.trace_ids())


def test_an_operation_lasts_until_its_result_is_there(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))

    asyncio.run(main())

    work = traced.named("shared memory batch Batching")
    for search in (span for span in traced.spans if span.name == "search_memory"):
        assert search.start_time <= work.start_time <= work.end_time <= search.end_time  # type: ignore[operator]


def test_work_for_several_below_a_span_of_the_application_lies_there(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            with traced.tracer.start_as_current_span("request"):
                await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))

    asyncio.run(main())

    request = traced.named("request")
    assert ["search_memory", "search_memory", "shared memory batch Batching"] == children(
        traced.spans, request
    )


def test_a_failure_of_shared_work_is_on_every_span(traced: Recording) -> None:
    class Failing(Batching):
        async def abatch(self, ops: Iterable[Any]) -> list[Any]:
            raise ValueError("no")

    async def main() -> list[Any]:
        store = Failing(memory())
        try:
            gets = (store.aget(PLACE, key) for key in ("tea", "milk"))
            return await asyncio.gather(*gets, return_exceptions=True)
        finally:
            assert store._task is not None
            store._task.cancel()

    seen = asyncio.run(main())

    assert ["ValueError"] * 2 == [type(each).__name__ for each in seen]
    assert {"ValueError"} == {(span.attributes or {})["error.type"] for span in traced.spans}
    assert ["get_memory", "get_memory", "shared memory batch Failing"] == sorted(traced.names())


def test_who_was_cancelled_has_not_asked(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            gone = asyncio.create_task(store.asearch(PLACE, query="milk"))
            await asyncio.sleep(0)  # it has asked, and the background task has not looked yet
            gone.cancel()
            stays = asyncio.create_task(store.asearch(PLACE, query="tea"))
            await asyncio.wait({gone, stays})
            assert gone.cancelled()

    asyncio.run(main())

    # Old versions do the work of who is gone as well.
    assert {"search_memory", "search_memory/embeddings scripted-1"} == set(traced.paths())


def test_work_for_several_graphs_below_one_span_lies_in_neither(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            builder = StateGraph(MessagesState).add_node("recall", _recall).add_edge(START, "recall")
            graphs = [builder.compile(name=name, store=store) for name in ("a", "b")]
            with traced.tracer.start_as_current_span("request"):
                await asyncio.gather(*(each.ainvoke({"messages": [("user", "tea")]}) for each in graphs))

    asyncio.run(main())

    request = traced.named("request")
    assert {"invoke_workflow a", "invoke_workflow b", "shared memory batch Batching"} == {
        *children(traced.spans, request)
    }
    assert 1 == len(traced.trace_ids())


def test_a_request_that_is_sampled_out_makes_no_trace_in_the_background() -> None:
    recording = Recording(sampler=ParentBased(TraceIdRatioBased(0.5)))

    async def main() -> None:
        async with batching() as store:
            for _ in range(50):
                with recording.tracer.start_as_current_span("request"):
                    await store.asearch(PLACE, query="tea")

    with instrumented(recording):
        asyncio.run(main())

    assert {"request"} == {span.name for span in recording.spans if span.parent is None}
    assert 50 > [span.name for span in recording.spans].count("request") > 0


class Threaded(BaseStore):
    """A store whose asynchronous method has a thread do the work."""

    embeddings = ScriptedEmbeddings()

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        return [self.embeddings.embed_query("q") and None for _ in ops]

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(None, self.batch, ops)


class Started(Threaded):
    """One that starts it as soon as it is asked."""

    def abatch(self, ops: Iterable[Any]) -> Any:
        return asyncio.get_running_loop().run_in_executor(None, self.batch, ops)


@pytest.mark.parametrize("store", [Threaded(), Started()], ids=lambda store: type(store).__name__)
def test_a_list_of_operations_is_done_for_who_hands_it_over(store: BaseStore, traced: Recording) -> None:
    """Even if several requests use the same list, at once."""
    operations = [GetOp(("a",), "k")]

    async def request(name: str) -> None:
        with traced.tracer.start_as_current_span(name):
            await store.abatch(operations)

    async def main() -> None:
        await asyncio.gather(*(request(f"request {n}") for n in range(4)))

    asyncio.run(main())

    below = ["", "/get_memory", "/get_memory/embeddings scripted-1"]
    assert sorted(f"request {n}{path}" for n in range(4) for path in below) == sorted(traced.paths())


async def test_operations_that_could_not_be_started_are_forgotten(recording: Recording) -> None:
    class Refusing(Threaded):
        def abatch(self, ops: Iterable[Any]) -> Any:
            raise ValueError("no")

    operations = [GetOp(("a",), "k")]
    with instrumented(recording):
        with recording.tracer.start_as_current_span("request"), pytest.raises(ValueError, match="no"):
            Refusing().abatch(operations)
        await asyncio.get_running_loop().run_in_executor(None, Threaded().batch, operations)

    assert ["get_memory", "get_memory/embeddings scripted-1", "request"] == sorted(recording.paths())


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, ParentBased(ALWAYS_OFF)])
def test_what_nobody_records_is_not_recorded_in_the_background(sampler: Sampler) -> None:
    recording = Recording(sampler=sampler)

    async def main() -> None:
        async with batching() as store:
            await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))

    with instrumented(recording):
        asyncio.run(main())

    assert [] == recording.spans


def test_suppression_reaches_the_background_task(traced: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            token = otel.attach(otel.set_value("suppress_instrumentation", True))
            await store.asearch(PLACE, query="tea")
            otel.detach(token)

    asyncio.run(main())

    assert [] == traced.spans


def test_a_store_that_was_there_before_is_recorded_too(recording: Recording) -> None:
    async def main() -> None:
        async with batching() as store:
            await store.asearch(PLACE, query="before")
            with instrumented(recording):
                await store.asearch(PLACE, query="tea")
                await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))
            await store.asearch(PLACE, query="after")

    asyncio.run(main())

    assert [
        "search_memory",
        "search_memory",
        "search_memory",
        "search_memory/embeddings scripted-1",
        "shared memory batch Batching",
        "shared memory batch Batching/embeddings scripted-1",
        "shared memory batch Batching/embeddings scripted-1",
    ] == recording.paths()


def test_the_background_task_keeps_nobodys_span_alive(recording: Recording) -> None:
    async def main() -> Any:
        with instrumented(recording), recording.tracer.start_as_current_span("request") as span:
            store = Batching(memory())
            await store.asearch(PLACE, query="tea")
            kept = weakref.ref(span)
        recording.clear()
        del span
        await turn()
        gc.collect()
        assert store._task is not None
        alive = not store._task.done(), kept()
        store._task.cancel()
        return alive

    assert (True, None) == asyncio.run(main())


async def _recall(state: Any, runtime: Runtime[Any]) -> dict[str, Any]:
    assert runtime.store is not None
    question = state["messages"][0].content
    await runtime.store.aput(("users", question), "asked", {"text": question})
    await runtime.store.asearch(("users", question), query=question)
    return {}


def _recall_in_a_thread(state: Any, runtime: Runtime[Any]) -> dict[str, Any]:
    assert runtime.store is not None
    question = state["messages"][0].content
    runtime.store.put(("users", question), "asked", {"text": question})
    runtime.store.search(("users", question), query=question)
    return {}


@pytest.mark.parametrize("node", [_recall, _recall_in_a_thread])
def test_two_hundred_requests_at_once_have_a_trace_of_their_own_each(
    recording: Recording, node: Callable[..., Any]
) -> None:
    """No span is in another request's trace, and none is an orphan."""

    async def main() -> None:
        async with batching() as store:
            builder = StateGraph(MessagesState).add_node("recall", node).add_edge(START, "recall")
            graph = builder.compile(name="g", store=store)
            await asyncio.gather(
                *(
                    graph.ainvoke(
                        {"messages": [("user", f"request-{number}")]},
                        {"configurable": {"thread_id": f"request-{number}"}},
                    )
                    for number in range(REQUESTS)
                )
            )

    with instrumented(recording, capture_content=True) as handle:
        asyncio.run(main())
        assert 0 == open_runs(handle)

    spans = {span.context.span_id: span for span in recording.spans}
    assert [] == [span.name for span in spans.values() if span.parent and span.parent.span_id not in spans]
    roots = [span for span in spans.values() if span.parent is None]
    requests = [span for span in roots if span.name == "invoke_workflow g"]
    batches = [span for span in spans.values() if span.name == "shared memory batch Batching"]
    assert REQUESTS == len(requests)
    assert {span.context.span_id for span in roots} == {
        span.context.span_id for span in (*requests, *batches)
    }
    for request in requests:
        _check_request(request, [span for span in spans.values() if _is_in(request, span)])
    _check_shared(batches, spans)


def _is_in(root: ReadableSpan, span: ReadableSpan) -> bool:
    return bool(span.context.trace_id == root.context.trace_id)


def _check_request(request: ReadableSpan, within: list[ReadableSpan]) -> None:
    """All that lies in a request's trace is its own."""
    conversation = (request.attributes or {})["gen_ai.conversation.id"]
    names = [span.name for span in within if span.name != "embeddings scripted-1"]
    assert ["invoke_workflow g", "node recall", "search_memory", "upsert_memory"] == sorted(names)
    for span in within:
        told = span.attributes or {}
        assert conversation in (told.get("gen_ai.conversation.id"), told.get("langspan.conversation.id"))
        if span.name.endswith("_memory"):
            assert (
                json.dumps(["users", conversation], separators=(",", ":"))
                == told["langspan.memory.namespace"]
            )


def _check_shared(batches: list[ReadableSpan], spans: dict[int, ReadableSpan]) -> None:
    """Each operation was answered for itself, or knows the shared work; the work knows those that it may."""
    work = {span.context.span_id: span for span in batches}
    asked = [span for span in spans.values() if span.name in ("search_memory", "upsert_memory")]
    assert 2 * REQUESTS == len(asked)
    assert batches
    for operation in asked:
        own = children(list(spans.values()), operation)
        assert linked(operation) <= work.keys()
        assert (1, []) == (len(operation.links), own) or (0, ["embeddings scripted-1"]) == (
            len(operation.links),
            own,
        )
    for batch in batches:
        askers = {span.context.span_id for span in asked if batch.context.span_id in linked(span)}
        assert linked(batch) <= askers
        assert len(askers) == len(batch.links) + batch.dropped_links
        assert len(askers) >= (batch.attributes or {})["langspan.memory.operation_count"]


def test_instrumentation_that_is_undone_records_no_operation(recording: Recording) -> None:
    with instrumented(recording):
        pass
    ask(memory())

    assert [] == recording.spans
