"""One finished span as the command line shows it, whatever it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from langspan.conventions import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import ReadableSpan

_MODEL_CALLS = frozenset(
    {
        names.OperationName.CHAT,
        names.OperationName.TEXT_COMPLETION,
        names.OperationName.GENERATE_CONTENT,
        names.OperationName.EMBEDDINGS,
    }
)


@dataclass(frozen=True, slots=True)
class SpanRow:
    """What the tree needs of a span. Ids are opaque text, times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int | None
    attributes: Mapping[str, object] = field(default_factory=dict)
    failed: bool = False
    message: str = ""

    @property
    def operation(self) -> str:
        """The GenAI operation, empty for spans that have none."""
        return str(self.attributes.get(names.GEN_AI_OPERATION_NAME, ""))

    @property
    def calls_model(self) -> bool:
        """Whether the token counts are this span's own and not a sum over its children."""
        return self.operation in _MODEL_CALLS

    @property
    def outcome(self) -> str | None:
        """How a run ended that neither failed nor returned: cancelled, interrupted, closed."""
        value = self.attributes.get(names.LANGSPAN_OUTCOME)
        return value if isinstance(value, str) else None

    @property
    def error(self) -> str | None:
        """What went wrong: the error's class without its module and the status message, if known."""
        if not self.failed:
            return None
        kind = str(self.attributes.get(names.ERROR_TYPE, ""))
        if all(part.isidentifier() for part in kind.split(".")):
            kind = kind.rpartition(".")[2]
        if kind and self.message and kind not in self.message:
            return f"{kind}: {self.message}"
        return self.message or kind or "error"

    def count(self, key: str) -> int | None:
        """The attribute as a whole number, None when it is absent or something else."""
        value = self.attributes.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def seconds(self, key: str) -> float | None:
        """The attribute as a number of seconds, None when it is absent or something else."""
        value = self.attributes.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def row_of(span: ReadableSpan) -> SpanRow:
    """Turn a finished SDK span into a row."""
    context = span.get_span_context()
    if context is None:
        raise ValueError(f"span {span.name!r} has no context")
    return SpanRow(
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        parent_id=format_span_id(span.parent.span_id) if span.parent else None,
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time,
        attributes=dict(span.attributes or {}),
        failed=span.status.status_code is StatusCode.ERROR,
        message=span.status.description or "",
    )
