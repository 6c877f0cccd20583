"""Long-term memory: `search_memory`, `upsert_memory`, `delete_memory` and the like, one for each operation.

Source: OpenTelemetry GenAI conventions (memory spans); LangGraph's `BaseStore`. The conventions have no name
for reading one record, for listing namespaces, or for a batch of different operations, and allow one's own.
Keys, values, queries and namespaces are content: a namespace often holds the id of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import as_list, class_name, fields_named
from langspan._values import Attributes, as_float
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import memory, metrics
from langspan.conventions.measurements import Measurement, measured
from langspan.conventions.memory import MemoryOperationName
from langspan.kinds.base import RunKind, RunView, no_content

_MAX_RECORDS: Final = 100
_OF_ITEM: Final = ("namespace", "key", "value", "score")
_WHERE: Final = "memory"


class Operation(NamedTuple):
    """One operation that a store is asked for.

    Attributes:
        kind: Its kind.
        namespace: The namespace, or the prefix of the namespaces that are searched.
        key: The key, if it is about one record.
        value: What is stored, if something is.
        query: What is searched for.
    """

    kind: RunKind
    namespace: Any = None
    key: Any = None
    value: Any = None
    query: Any = None


def store_name(store: object) -> str:
    """Return the name of a store's class."""
    return class_name(type(store)).rpartition(".")[2]


def kind_of(operations: Sequence[Operation] | None) -> RunKind:
    """Return the kind of a batch: that of its operations, if they are of one kind."""
    kinds = {operation.kind for operation in operations or ()}
    return kinds.pop() if len(kinds) == 1 else MIXED


def _at_start(_run: RunView, event: Started) -> Attributes:
    attributes: Attributes = {memory.LANGGRAPH_STORE_NAME: store_name(event.extra["store"])}
    operations: Sequence[Operation] | None = event.payload
    if operations is not None and event.extra["is_batch"]:
        attributes[memory.LANGSPAN_MEMORY_OPERATION_COUNT] = len(operations)
    return attributes


def _mixed_at_start(run: RunView, event: Started) -> Attributes:
    attributes = _at_start(run, event)
    if event.payload:
        attributes[memory.LANGSPAN_MEMORY_OPERATIONS] = sorted({each.kind.name for each in event.payload})
    return attributes


def _found(results: object) -> Iterator[Any]:
    """The records in the results of operations: what `get` finds is one, what a search finds is a list."""
    for result in as_list(results) or ():
        found = as_list(result)
        # Namespaces are tuples.
        yield from [result] if found is None else (each for each in found if as_list(each) is None)


def _count_found(_run: RunView, results: Any) -> Attributes:
    return {memory.GEN_AI_MEMORY_RECORD_COUNT: sum(record is not None for record in _found(results))}


def _count_changed(_run: RunView, results: Any) -> Attributes:
    return {memory.GEN_AI_MEMORY_RECORD_COUNT: len(as_list(results) or ())}


def _count_namespaces(_run: RunView, results: Any) -> Attributes:
    count = sum(len(as_list(result) or ()) for result in as_list(results) or ())
    return {memory.LANGSPAN_MEMORY_NAMESPACE_COUNT: count}


def _common(values: Iterator[Any]) -> Any:
    """Return the value that all have who have one; None if they differ."""
    first, *others = [value for value in values if value is not None] or [None]
    # Identity and exact types only: the application's own `__eq__` is not run.
    is_same = all(other is first or _is_equal(other, first) for other in others)
    return first if is_same else None


def _is_equal(one: Any, other: Any) -> bool:
    if type(one) is str and type(other) is str:
        return one == other
    if type(one) is tuple and type(other) is tuple and len(one) == len(other):
        return all(_is_equal(*pair) for pair in zip(one, other, strict=True))
    return False


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    operations: Sequence[Operation] = event.payload or ()
    key, query = _common(each.key for each in operations), _common(each.query for each in operations)
    stored = [_record(each.namespace, each.key, each.value) for each in operations if each.value is not None]
    namespace = _common(each.namespace for each in operations)
    return {
        memory.LANGSPAN_MEMORY_NAMESPACE: renderer.render(namespace, _WHERE),
        memory.GEN_AI_MEMORY_RECORD_ID: None if key is None else renderer.text(key, _WHERE),
        memory.GEN_AI_MEMORY_QUERY_TEXT: None if query is None else renderer.text(query, "query"),
        memory.GEN_AI_MEMORY_RECORDS: renderer.render(stored[:_MAX_RECORDS] or None, _WHERE),
    }


def _content_at_end(renderer: ContentRenderer, results: Any, _extra: Mapping[str, Any]) -> Texts:
    records = islice((record for record in _found(results) if record is not None), _MAX_RECORDS)
    found = [_item(record) for record in records]
    return {memory.GEN_AI_MEMORY_RECORDS: renderer.render(found, _WHERE)} if found else {}


def _namespaces_at_end(renderer: ContentRenderer, results: Any, _extra: Mapping[str, Any]) -> Texts:
    every = (namespace for result in as_list(results) or () for namespace in as_list(result) or ())
    found = list(islice(every, _MAX_RECORDS))
    return {memory.LANGSPAN_MEMORY_NAMESPACES: renderer.render(found or None, _WHERE)}


def _item(item: object) -> dict[str, Any]:
    held = fields_named(item, _OF_ITEM)
    record = _record(held.get("namespace"), held.get("key"), held.get("value"))
    score = as_float(held.get("score"))
    return record if score is None else {**record, "score": score}


def _record(namespace: Any, key: Any, value: Any) -> dict[str, Any]:
    return {"id": key, "content": value, "metadata": {"namespace": namespace}}


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.OPERATION_DURATION, seconds, attributes)]


def _no_target(_event: Started, _call: Call | None, _graph: Graph | None) -> None:
    """The conventions name a span after its operation alone."""


def _store(event: Started, _call: Call | None, _graph: Graph | None) -> str:
    return store_name(event.extra["store"])


def _operation(
    name: str,
    at_end: Callable[[RunView, Any], Attributes],
    content_at_end: Callable[..., Texts] = no_content,
    at_start: Callable[[RunView, Started], Attributes] = _at_start,
) -> RunKind:
    return RunKind(
        name=name,
        operation=name,
        prefix=name,
        span_kind=SpanKind.CLIENT,
        target_attribute=None,
        callback=None,
        target=_no_target,
        provider=None,
        at_start=at_start,
        at_end=at_end,
        at_failure=None,
        reported_error=None,
        content_at_start=_content_at_start,
        content_at_end=content_at_end,
        content_at_failure=no_content,
        metrics=(metrics.OPERATION_DURATION,),
        measure=_measure,
        counts_as=None,
        is_agent=False,
        is_graph=False,
        sums_at_root=False,
        delegates=False,
        skipped_calls=None,
        has_log_events=False,
    )


SEARCH: Final = _operation(MemoryOperationName.SEARCH_MEMORY, _count_found, _content_at_end)
UPSERT: Final = _operation(MemoryOperationName.UPSERT_MEMORY, _count_changed)
DELETE: Final = _operation(MemoryOperationName.DELETE_MEMORY, _count_changed)
GET: Final = _operation(MemoryOperationName.GET_MEMORY, _count_found, _content_at_end)
LIST: Final = _operation(MemoryOperationName.LIST_MEMORY_NAMESPACES, _count_namespaces, _namespaces_at_end)
MIXED: Final = _operation(MemoryOperationName.BATCH_MEMORY, _count_found, _content_at_end, _mixed_at_start)

# Work of a store for several that asked, whose own spans say what for. It belongs to none of them.
SHARED: Final = RunKind(
    name="shared_memory_batch",
    operation=None,
    prefix="shared memory batch",
    span_kind=SpanKind.INTERNAL,
    target_attribute=memory.LANGGRAPH_STORE_NAME,
    callback=None,
    target=_store,
    provider=None,
    at_start=_mixed_at_start,
    at_end=None,
    at_failure=None,
    reported_error=None,
    content_at_start=no_content,
    content_at_end=no_content,
    content_at_failure=no_content,
    metrics=(),
    measure=None,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)

OPERATIONS: Final = (SEARCH, UPSERT, DELETE, GET, LIST, MIXED)
KINDS: Final = (*OPERATIONS, SHARED)
