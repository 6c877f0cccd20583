"""Everything that this package may export: spans, attributes, span events, metrics, log events, resources.

`docs/telemetry.md` is generated from it, and the tests compare all exported telemetry with it. Nothing here
is needed at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, get_args

from langspan._budgets import Measure, Per
from langspan.catalogue import borders, content, costs, evaluations, runs, self_metrics
from langspan.catalogue import model_calls as calls
from langspan.catalogue.entries import (
    ALL_KINDS,
    Attribute,
    Event,
    Level,
    Source,
    SpanName,
    Type,
    constants,
    rows,
)
from langspan.catalogue.span_names import SPANS
from langspan.conventions import metrics, names
from langspan.kinds.base import RunKind
from langspan.recording import span_events

__all__ = [
    "ATTRIBUTES",
    "LOG_EVENTS",
    "METRICS",
    "METRIC_ATTRIBUTES",
    "RESOURCE",
    "SPANS",
    "SPAN_EVENTS",
    "Attribute",
    "Event",
    "Level",
    "Source",
    "SpanName",
    "Type",
]

_NO_SPANS: Final = frozenset[RunKind]()
_OWN_EVENT: Final = (Source.OWN, _NO_SPANS)

ATTRIBUTES: Final[Mapping[str, tuple[Attribute, ...]]] = {
    "Any span": runs.EVERYWHERE,
    "Model requests": calls.REQUEST,
    "Model responses": calls.RESPONSE,
    "Tokens": calls.USAGE,
    "Cost": costs.COST,
    "Tools, retrievers, agents, graphs": runs.ACTORS,
    **borders.ATTRIBUTES,
    "Content": content.CONTENT,
    "Evaluations": evaluations.SPAN,
}
_EXCEPTION: Final = rows(
    Source.CORE,
    _NO_SPANS,
    (names.EXCEPTION_TYPE, Type.STRING, Level.REQUIRED, "ValueError", "always"),
    (names.EXCEPTION_MESSAGE, Type.STRING, Level.CONTENT, "no such order", "the exception has a message"),
)
_RETRY: Final = (
    *rows(*_OWN_EVENT, (names.LANGCHAIN_RETRY_ATTEMPT, Type.INT, Level.RECOMMENDED, 1, "known")),
    *rows(
        Source.CORE,
        _NO_SPANS,
        (names.ERROR_TYPE, Type.STRING, Level.CONDITIONAL, "TimeoutError", "the attempt failed"),
    ),
)
_CUSTOM: Final = rows(
    *_OWN_EVENT,
    (names.LANGCHAIN_EVENT_NAME, Type.STRING, Level.REQUIRED, "progress", "always"),
    (names.LANGCHAIN_EVENT_DATA, Type.JSON, Level.CONTENT, '{"done":3}', "the event has data"),
)
_RESUME: Final = rows(
    *_OWN_EVENT,
    (names.LANGGRAPH_CHECKPOINT_ID, Type.STRING, Level.RECOMMENDED, "1f0e", "known"),
)
_INTERRUPT: Final = rows(
    *_OWN_EVENT,
    (names.LANGGRAPH_INTERRUPT_STATUS, Type.STRING, Level.RECOMMENDED, "pending", "LangGraph reports it"),
    (names.LANGGRAPH_INTERRUPT_COUNT, Type.INT, Level.REQUIRED, 1, "always"),
    (names.LANGGRAPH_INTERRUPT_VALUES, Type.JSON, Level.CONTENT, '["Sure?"]', "the interrupts have values"),
)
_TEXT: Final = rows(*_OWN_EVENT, (names.LANGCHAIN_TEXT, Type.JSON, Level.CONTENT, '"thinking"', "always"))
_ACTION: Final = rows(
    Source.GENAI,
    _NO_SPANS,
    (names.GEN_AI_TOOL_NAME, Type.STRING, Level.REQUIRED, "find_order", "known"),
    (names.GEN_AI_TOOL_CALL_ARGUMENTS, Type.JSON, Level.CONTENT, '{"order":"A-7"}', "always"),
)
_SKIPPED: Final = (
    *rows(
        Source.GENAI,
        _NO_SPANS,
        (names.GEN_AI_TOOL_NAME, Type.STRING, Level.RECOMMENDED, "find_order", "known"),
        (names.GEN_AI_TOOL_CALL_ID, Type.STRING, Level.REQUIRED, "call_7", "always"),
        (
            names.GEN_AI_TOOL_CALL_ARGUMENTS,
            Type.JSON,
            Level.CONTENT,
            '{"order":"A-7"}',
            "the call has some",
        ),
        (
            names.GEN_AI_TOOL_CALL_RESULT,
            Type.JSON,
            Level.CONTENT,
            '"Not allowed."',
            "a message answered the call",
        ),
    ),
    *rows(
        *_OWN_EVENT,
        (names.LANGCHAIN_TOOL_CALL_REASON, Type.STRING, Level.REQUIRED, "rejected", "always"),
        values=constants(names.ToolCallReason),
    ),
)
_FINISH: Final = rows(
    *_OWN_EVENT,
    (names.LANGCHAIN_OUTPUT, Type.JSON, Level.CONTENT, '{"output":"Hello."}', "always"),
)

_BUDGET_KIND: Final = (
    *rows(
        *_OWN_EVENT,
        (names.LANGSPAN_BUDGET_PER, Type.STRING, Level.REQUIRED, "trace", "always"),
        values=get_args(Per),
    ),
    *rows(
        *_OWN_EVENT,
        (names.LANGSPAN_BUDGET_MEASURE, Type.STRING, Level.REQUIRED, "tokens", "always"),
        values=get_args(Measure),
    ),
)
_BUDGET: Final = (
    *_BUDGET_KIND,
    *rows(
        *_OWN_EVENT,
        (names.LANGSPAN_BUDGET_LIMIT, Type.DOUBLE, Level.REQUIRED, 50_000.0, "always"),
        (names.LANGSPAN_BUDGET_SPENT, Type.DOUBLE, Level.REQUIRED, 50_120.0, "always"),
    ),
)

SPAN_EVENTS: Final = (
    Event(
        "exception", "the run failed, and no run inside it with the same exception", _EXCEPTION, Source.CORE
    ),
    Event(span_events.RETRY, "a model class retries within one call", _RETRY, Source.OWN),
    Event(
        span_events.TOOL_CALL_SKIPPED,
        "a graph's node answered a model's tool call, or gave it up, and no tool ran; on the node's span",
        _SKIPPED,
        Source.OWN,
    ),
    Event(span_events.CUSTOM_EVENT, "the run calls `dispatch_custom_event`", _CUSTOM, Source.OWN),
    Event(span_events.INTERRUPT, "a graph stops to wait for its user", (*_INTERRUPT, *_RESUME), Source.OWN),
    Event(span_events.RESUME, "a graph continues after an interrupt", _RESUME, Source.OWN),
    Event(span_events.REPLAY, "a graph goes on from a past checkpoint", _RESUME, Source.OWN),
    Event(
        span_events.BUDGET_EXCEEDED,
        "a model call exceeds a budget; on the span of the outermost run around it",
        _BUDGET,
        Source.OWN,
    ),
    Event(span_events.TEXT, "a classic chain reports an intermediate text", _TEXT, Source.OWN),
    Event(span_events.AGENT_ACTION, "a classic agent chooses a tool", _ACTION, Source.OWN),
    Event(span_events.AGENT_FINISH, "a classic agent finishes", _FINISH, Source.OWN),
)
LOG_EVENTS: Final = (
    Event(
        names.EventName.OPERATION_DETAILS,
        "a model call ended, and content is recorded on events",
        (),
        Source.GENAI,
        "DEBUG",
    ),
    Event(names.EventName.EXCEPTION, "a model call failed", _EXCEPTION, Source.GENAI, "WARN"),
    Event(
        names.EventName.EVALUATION_RESULT,
        "`langspan.record_evaluation` judges a run",
        evaluations.EVENT,
        Source.GENAI,
        "INFO",
    ),
)
METRICS: Final[Mapping[str, tuple[metrics.Metric, ...]]] = {
    "Released names": metrics.RELEASED,
    "Newest names": metrics.LATEST,
    "With either set": metrics.ADDED,
    "langspan's own": (*metrics.OWN, *metrics.OF_BUDGETS),
    "Of the export": self_metrics.METRICS,
}
METRIC_ATTRIBUTES: Final = (
    *rows(
        Source.GENAI,
        _NO_SPANS,
        (names.GEN_AI_TOKEN_TYPE, Type.STRING, Level.REQUIRED, "input", "always"),
        values=constants(names.TokenType),
    ),
    *rows(
        Source.GENAI_NEXT,
        _NO_SPANS,
        (names.GEN_AI_TOKEN_MODALITY, Type.STRING, Level.REQUIRED, "text", "always"),
        values=constants(names.Modality),
    ),
    *self_metrics.ATTRIBUTES,
    *_BUDGET_KIND,
)
RESOURCE: Final = rows(
    Source.CORE,
    _NO_SPANS,
    ("service.name", Type.STRING, Level.REQUIRED, "my-app", "always; `OTEL_SERVICE_NAME`"),
    ("service.instance.id", Type.STRING, Level.RECOMMENDED, "627cc493-f310-47de", "the SDK is new enough"),
    ("telemetry.sdk.language", Type.STRING, Level.REQUIRED, "python", "always"),
    ("telemetry.sdk.name", Type.STRING, Level.REQUIRED, "opentelemetry", "always"),
    ("telemetry.sdk.version", Type.STRING, Level.REQUIRED, "1.45.2", "always"),
    ("telemetry.auto.version", Type.STRING, Level.RECOMMENDED, "0.66b2", "under `opentelemetry-instrument`"),
)


def check_described(
    kinds: Sequence[RunKind], spans: Sequence[SpanName], attributes: Iterable[Attribute]
) -> None:
    """Check that the catalogue describes the span name and the target attribute of every kind of run.

    Raises:
        TypeError: A kind is missing, or is described differently.
    """
    named = {span.kind: span.name for span in spans}
    described = {(row.name, kind) for row in attributes for kind in row.on}
    for kind in kinds:
        if not named.get(kind, "").startswith(kind.prefix or "its name"):
            raise TypeError(f"{kind}: add its span's name to SPANS of langspan.catalogue.span_names")
        if kind.target_attribute is not None and (kind.target_attribute, kind) not in described:
            raise TypeError(f"{kind}: {kind.target_attribute} has no row for it in langspan.catalogue")


check_described(ALL_KINDS, SPANS, chain.from_iterable(ATTRIBUTES.values()))
