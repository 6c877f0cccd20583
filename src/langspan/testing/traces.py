"""What ran in a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langspan.cli.failures import causes
from langspan.cli.nesting import by_trace
from langspan.cli.outline import OutlineLine, outline
from langspan.cli.rows import SpanRow, row_of
from langspan.conventions import names
from langspan.testing.order import arranged
from langspan.testing.patterns import Edit, Line, Pattern, compare, is_same, parse
from langspan.testing.snapshots import Snapshots

_INDENT = "   "


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of all model calls, as far as the models told them.

    Attributes:
        input: Tokens that the models read.
        output: Tokens that they wrote.
    """

    input: int
    output: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.input + self.output


@dataclass(frozen=True, slots=True)
class SpanError:
    """An error, told once: by the span in which it began.

    Attributes:
        span: The name of that span.
        type: The class of the error, as `error.type` names it.
        message: What it said.
    """

    span: str
    type: str
    message: str


class Traces:
    """The finished spans of a test, and what they say. While nothing has run, all of it is empty."""

    def __init__(
        self, provider: TracerProvider, memory: InMemorySpanExporter, snapshots: Snapshots | None = None
    ) -> None:
        self._provider = provider
        self._memory = memory
        self._snapshots = snapshots or Snapshots()

    def __repr__(self) -> str:
        return f"<traces\n{self.tree()}\n>"

    @property
    def tracer_provider(self) -> TracerProvider:
        """The provider that records, for spans of the test's own."""
        return self._provider

    def spans(self, *, kind: str | None = None, name: str | None = None) -> list[ReadableSpan]:
        """Return the finished spans in the order in which they started.

        Args:
            kind: Only spans of this kind of run: "chat", "text_completion", "embeddings", "execute_tool",
                "retrieval", "invoke_agent", "invoke_workflow", "node" or "chain".
            name: Only spans of this name, with or without the operation in front of it: "weather" is the
                tool of the span `execute_tool weather`. `*` stands for any text.
        """
        found = sorted(self._memory.get_finished_spans(), key=lambda span: span.start_time or 0)
        return [
            span
            for span in found
            if (kind is None or kind == _kind_of(span)) and (name is None or _is_named(span, name))
        ]

    def tools_called(self) -> list[str]:
        """Return the names of the tools that ran, in the order in which they started."""
        called = self.spans(kind=names.OperationName.EXECUTE_TOOL)
        return [str((span.attributes or {}).get(names.GEN_AI_TOOL_NAME, span.name)) for span in called]

    @property
    def tokens(self) -> Tokens:
        """The tokens of all model calls."""
        calls = [row for row in self._rows() if row.calls_model]
        read = (row.count(names.GEN_AI_USAGE_INPUT_TOKENS) or 0 for row in calls)
        written = (row.count(names.GEN_AI_USAGE_OUTPUT_TOKENS) or 0 for row in calls)
        return Tokens(sum(read), sum(written))

    @property
    def errors(self) -> list[SpanError]:
        """Every error, also one that was caught, by the span in which it began."""
        found = (row for rows in by_trace(self._rows()).values() for row in causes(rows))
        return [
            SpanError(row.name, str(row.attributes.get(names.ERROR_TYPE, "")), row.message) for row in found
        ]

    def tree(self) -> str:
        """Return the spans as a tree, as `langspan view` draws it without times and figures."""
        return "\n".join(f"{line.stem}{line.text}" for line in self._outline())

    def assert_tree(self, expected: str) -> None:
        """Fail unless the spans are this tree.

        Args:
            expected: The tree as `tree` returns it, or only indented. `*` stands for any text, and a line of
                `...` for any number of siblings with all below them. Siblings that ran at the same time may
                stand in any order.

        Raises:
            AssertionError: It is another tree; the message shows the lines that differ.
            ValueError: A line of `expected` has no place in a tree.
        """
        __tracebackhide__ = True
        edits = self._edits(parse(expected))
        if not is_same(edits):
            raise AssertionError(_explained(edits, self.tree()))

    def assert_snapshot(self, path: Path | str | None = None, *, update: bool | None = None) -> None:
        """Fail unless the spans are the tree in a file.

        Args:
            path: The file; in pytest by default `snapshots/<module>/<test>.tree` beside the test's module.
            update: Whether to write the file if it differs; in pytest by default whether the option
                `--langspan-update` is given, elsewhere not.

        Raises:
            AssertionError: It is another tree, or there is no such file; the message shows what differs.
            ValueError: There is no default path, because the recording is not the fixture's.
        """
        __tracebackhide__ = True
        file = self._snapshots.path(path)
        kept = file.read_text(encoding="utf-8") if file.is_file() else None
        edits = None if kept is None else self._edits(parse(kept))
        if edits is not None and is_same(edits):
            return
        if self._snapshots.update if update is None else update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{self.tree()}\n", encoding="utf-8", newline="\n")
        elif edits is None:
            raise AssertionError(f"no snapshot in {file}; pytest --langspan-update writes it")
        else:
            raise AssertionError(f"{_explained(edits, self.tree())}\n\nsnapshot: {file}")

    def clear(self) -> None:
        """Forget everything that has run so far."""
        self._memory.clear()

    def _rows(self) -> list[SpanRow]:
        return [row_of(span) for span in self.spans()]

    def _outline(self) -> list[OutlineLine]:
        return list(outline(self._rows()))

    def _edits(self, expected: Sequence[Pattern]) -> list[Edit]:
        lines = self._outline()
        edits = compare(expected, [Line(line.depth, line.text) for line in lines])
        return edits if is_same(edits) else compare(expected, arranged(lines, expected))


def _kind_of(span: ReadableSpan) -> str | None:
    """Return the kind of run that a span is of, as `RunInfo.kind` has it; None for spans of others."""
    attributes = span.attributes or {}
    if names.GEN_AI_OPERATION_NAME in attributes:
        return str(attributes[names.GEN_AI_OPERATION_NAME])
    if span.instrumentation_scope is None or span.instrumentation_scope.name != "langspan":
        return None
    return "node" if span.name == f"node {attributes.get(names.LANGGRAPH_NODE)}" else "chain"


def _is_named(span: ReadableSpan, name: str) -> bool:
    kind = _kind_of(span)
    bare = span.name.removeprefix(f"{kind} ")
    return any(fnmatchcase(each, name.replace("[", "[[]")) for each in (span.name, bare))


def _explained(edits: Sequence[Edit], tree: str) -> str:
    return "\n".join(
        ["the tree is another one (- expected, + found):", "", *_diff(edits), "", "found:", tree]
    )


def _diff(edits: Sequence[Edit]) -> Iterator[str]:
    for mark, depth, text in edits:
        yield f"{mark} {_INDENT * depth}{text}"
