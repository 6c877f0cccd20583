"""Spans as trees. Pure functions, and none is recursive: a trace may be deeper than Python's stack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from langspan.page.spans import Span


@dataclass(slots=True, eq=False)
class Node:
    """A span and the spans below it, by start time."""

    span: Span
    children: list[Node] = field(default_factory=list)


def by_trace(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """Group spans by trace, oldest trace first; if a span occurs twice, the last copy counts."""
    traces: dict[str, dict[str, Span]] = defaultdict(dict)
    for span in spans:
        traces[span.trace_id][span.span_id] = span
    aged = {trace: sorted(each.values(), key=_start) for trace, each in traces.items()}
    return dict(sorted(aged.items(), key=lambda item: _start(item[1][0])))


def _start(span: Span) -> int:
    return span.start_ns


def roots_of(spans: Sequence[Span]) -> list[Node]:
    """Return the trees of one trace, by start time. Each span is in one of them, once.

    A span whose parent is not there is a root, and so is the first of those that are each other's parent.
    """
    nodes = {span.span_id: Node(span) for span in sorted(spans, key=_start)}
    below: dict[str, list[Node]] = defaultdict(list)
    roots: list[Node] = []
    for node in nodes.values():
        parent = node.span.parent_id
        (roots if parent is None or parent not in nodes else below[parent]).append(node)
    seen = set[str]()
    for node in [*roots, *nodes.values()]:
        if node.span.span_id not in seen:
            if node.span.parent_id in nodes:
                roots.append(node)
            _grow(node, below, seen)
    return sorted(roots, key=lambda node: _start(node.span))


def _grow(root: Node, below: dict[str, list[Node]], seen: set[str]) -> None:
    seen.add(root.span.span_id)
    stack = [root]
    while stack:
        node = stack.pop()
        node.children = [each for each in below[node.span.span_id] if each.span.span_id not in seen]
        seen.update(each.span.span_id for each in node.children)
        stack += node.children


def preorder(roots: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    """Yield each node with its depth, parents first."""
    stack = [(node, 0) for node in reversed(roots)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack += [(child, depth + 1) for child in reversed(node.children)]
