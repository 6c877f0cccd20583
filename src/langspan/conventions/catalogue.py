"""Everything this package may export: spans with their attributes and events, metrics, log events, resources.

`docs/telemetry.md` is made from it, and every test compares what it sees with it. Nothing here is needed at
run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langspan.conventions import _catalogue_calls as calls
from langspan.conventions import _catalogue_runs as runs
from langspan.conventions import metrics, names, notes
from langspan.conventions._catalogue_types import (
    Attribute,
    Event,
    Level,
    Source,
    SpanName,
    Type,
    constants,
    rows,
)
from langspan.conventions.operations import Kind

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

_NOWHERE: Final = frozenset[Kind]()
_OF_EVENT: Final = (Source.OWN, _NOWHERE)

SPANS: Final = (
    SpanName(Kind.CHAT, "chat {model}", "chat model"),
    SpanName(Kind.COMPLETION, "text_completion {model}", "completion model"),
    SpanName(Kind.EMBEDDINGS, "embeddings {model}", "embeddings"),
    SpanName(Kind.TOOL, "execute_tool {tool}", "tool"),
    SpanName(Kind.RETRIEVER, "retrieval {retriever}", "retriever"),
    SpanName(
        Kind.AGENT,
        "invoke_agent {agent}",
        "agent made by `create_agent` or `create_react_agent`, nested ones too",
    ),
    SpanName(Kind.WORKFLOW, "invoke_workflow {graph}", "any other graph, sub-graphs too"),
    SpanName(Kind.NODE, "node {node}", "graph node"),
    SpanName(Kind.CHAIN, "its name", "anything else: chain, step, prompt, parser, lambda"),
)
ATTRIBUTES: Final[Mapping[str, tuple[Attribute, ...]]] = {
    "Any span": runs.EVERYWHERE,
    "What a model is asked": calls.REQUEST,
    "What a model answers": calls.RESPONSE,
    "Tokens": calls.USAGE,
    "Tools, retrievers, agents, graphs": runs.ACTORS,
    "Content": runs.CONTENT,
}
_EXCEPTION: Final = rows(
    Source.CORE,
    _NOWHERE,
    (names.EXCEPTION_TYPE, Type.STRING, Level.REQUIRED, "ValueError", "always"),
    (names.EXCEPTION_MESSAGE, Type.STRING, Level.CONTENT, "no such order", "it has one"),
)
_RETRY: Final = (
    *rows(*_OF_EVENT, (names.LANGCHAIN_RETRY_ATTEMPT, Type.INT, Level.RECOMMENDED, 1, "known")),
    *rows(
        Source.CORE,
        _NOWHERE,
        (names.ERROR_TYPE, Type.STRING, Level.CONDITIONAL, "TimeoutError", "the attempt failed"),
    ),
)
_CUSTOM: Final = rows(
    *_OF_EVENT,
    (names.LANGCHAIN_EVENT_NAME, Type.STRING, Level.REQUIRED, "progress", "always"),
    (names.LANGCHAIN_EVENT_DATA, Type.JSON, Level.CONTENT, '{"done":3}', "it has any"),
)
_RESUME: Final = rows(
    *_OF_EVENT,
    (names.LANGGRAPH_CHECKPOINT_ID, Type.STRING, Level.RECOMMENDED, "1f0e", "known"),
)
_INTERRUPT: Final = rows(
    *_OF_EVENT,
    (names.LANGGRAPH_INTERRUPT_STATUS, Type.STRING, Level.RECOMMENDED, "pending", "LangGraph tells it"),
    (names.LANGGRAPH_INTERRUPT_COUNT, Type.INT, Level.REQUIRED, 1, "always"),
    (names.LANGGRAPH_INTERRUPT_VALUES, Type.JSON, Level.CONTENT, '["Sure?"]', "there are any"),
)
_TEXT: Final = rows(*_OF_EVENT, (names.LANGCHAIN_TEXT, Type.JSON, Level.CONTENT, '"thinking"', "always"))
_ACTION: Final = rows(
    Source.GENAI,
    _NOWHERE,
    (names.GEN_AI_TOOL_NAME, Type.STRING, Level.REQUIRED, "find_order", "known"),
    (names.GEN_AI_TOOL_CALL_ARGUMENTS, Type.JSON, Level.CONTENT, '{"order":"A-7"}', "always"),
)
_FINISH: Final = rows(
    *_OF_EVENT,
    (names.LANGCHAIN_OUTPUT, Type.JSON, Level.CONTENT, '{"output":"Hello."}', "always"),
)

SPAN_EVENTS: Final = (
    Event("exception", "the run failed, and none inside it with the same exception", _EXCEPTION, Source.CORE),
    Event(notes.RETRY, "a model's class tries again inside one call", _RETRY, Source.OWN),
    Event(notes.CUSTOM_EVENT, "`dispatch_custom_event`", _CUSTOM, Source.OWN),
    Event(notes.INTERRUPT, "a graph stops to wait for its user", (*_INTERRUPT, *_RESUME), Source.OWN),
    Event(notes.RESUME, "a graph goes on after an interrupt", _RESUME, Source.OWN),
    Event(notes.TEXT, "a classic chain tells an intermediate text", _TEXT, Source.OWN),
    Event(notes.AGENT_ACTION, "a classic agent chooses a tool", _ACTION, Source.OWN),
    Event(notes.AGENT_FINISH, "a classic agent is done", _FINISH, Source.OWN),
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
)
METRICS: Final[Mapping[str, tuple[metrics.Metric, ...]]] = {
    "Released names": metrics.RELEASED,
    "Newest names": metrics.LATEST,
    "With either": metrics.ADDED,
}
METRIC_ATTRIBUTES: Final = (
    *rows(
        Source.GENAI,
        _NOWHERE,
        (names.GEN_AI_TOKEN_TYPE, Type.STRING, Level.REQUIRED, "input", "always"),
        values=constants(names.TokenType),
    ),
    *rows(
        Source.GENAI_NEXT,
        _NOWHERE,
        (names.GEN_AI_TOKEN_MODALITY, Type.STRING, Level.REQUIRED, "text", "always"),
        values=constants(names.Modality),
    ),
)
RESOURCE: Final = rows(
    Source.CORE,
    _NOWHERE,
    ("service.name", Type.STRING, Level.REQUIRED, "my-app", "always; `OTEL_SERVICE_NAME`"),
    ("service.instance.id", Type.STRING, Level.RECOMMENDED, "627cc493-f310-47de", "the SDK is new enough"),
    ("telemetry.sdk.language", Type.STRING, Level.REQUIRED, "python", "always"),
    ("telemetry.sdk.name", Type.STRING, Level.REQUIRED, "opentelemetry", "always"),
    ("telemetry.sdk.version", Type.STRING, Level.REQUIRED, "1.45.2", "always"),
    ("telemetry.auto.version", Type.STRING, Level.RECOMMENDED, "0.66b2", "under `opentelemetry-instrument`"),
)
