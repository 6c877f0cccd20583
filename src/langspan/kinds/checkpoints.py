"""Checkpoints that a saver of LangGraph writes and reads. LangGraph has no callbacks for them.

They are not GenAI operations, and no content of them is recorded: neither state nor writes.

Source: `langgraph.checkpoint.base.BaseCheckpointSaver`: `put`, `put_writes`, `get_tuple`, `list`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from langspan._events import Call, Graph, Started
from langspan._reading import class_name
from langspan._values import Attributes, as_id, as_mapping, as_str
from langspan.conventions import graph_names, names
from langspan.kinds.base import RunKind, RunView, no_content
from langspan.kinds.chains import CHAIN

PUT: Final = "put"
PUT_WRITES: Final = "put_writes"
GET: Final = "get"
LIST: Final = "list"


def checkpoint_place(config: object) -> Mapping[str, Any]:
    """Return the part of a config that says which checkpoint is meant: thread, namespace and id.

    Args:
        config: The `RunnableConfig` of a saver's method.
    """
    return as_mapping(as_mapping(config).get("configurable"))


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    return event.name


def _at_start(_run: RunView, event: Started) -> Attributes:
    place, extra = checkpoint_place(event.extra.get("config")), event.extra
    checkpoint = as_mapping(extra.get("checkpoint")).get("id") or place.get("checkpoint_id")
    found = {
        graph_names.LANGSPAN_CHECKPOINT_SAVER: class_name(type(extra.get("saver"))).rpartition(".")[2],
        names.LANGGRAPH_CHECKPOINT_NS: as_str(place.get("checkpoint_ns")),
        names.LANGGRAPH_CHECKPOINT_ID: as_id(checkpoint),
    }
    attributes: Attributes = {name: value for name, value in found.items() if value is not None}
    writes: Any = extra.get("writes")
    if type(writes) in (deque, list, tuple):
        attributes[graph_names.LANGSPAN_CHECKPOINT_COUNT] = len(writes)
    return attributes


def _at_end(run: RunView, result: Any) -> Attributes:
    """Return what was found: how many checkpoints, and which one."""
    if run.target == LIST and type(result) is int:
        return {graph_names.LANGSPAN_CHECKPOINT_COUNT: result}
    if run.target != GET:
        return {}
    if not issubclass(type(result), tuple):
        return {graph_names.LANGSPAN_CHECKPOINT_COUNT: 0}
    attributes: Attributes = {graph_names.LANGSPAN_CHECKPOINT_COUNT: 1}
    config = tuple.__getitem__(result, 0) if tuple.__len__(result) else None
    checkpoint = as_id(checkpoint_place(config).get("checkpoint_id"))
    if checkpoint is not None:
        attributes[names.LANGGRAPH_CHECKPOINT_ID] = checkpoint
    return attributes


CHECKPOINT: Final[RunKind] = replace(
    CHAIN,
    name="checkpoint",
    prefix="checkpoint",
    target_attribute=graph_names.LANGSPAN_CHECKPOINT_OPERATION,
    callback=None,
    target=_target,
    at_start=_at_start,
    at_end=_at_end,
    content_at_start=no_content,
    content_at_end=no_content,
    content_at_failure=no_content,
    sums_at_root=False,
)
