"""Writes docs/telemetry.md from the catalogue in the code: `make pages`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from langspan.catalogue import absent
from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.entries import ALL_KINDS, ANY, MODELS
from langspan.catalogue.telemetry import Attribute, Event, Type
from langspan.conventions import metrics, names
from langspan.conventions.metrics import Metric
from langspan.kinds.base import RunKind
from support.markdown import code, codes, prose, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / Path(__file__).with_suffix(".md").name

_HEAD = f"""\
# Telemetry

Everything that langspan exports. Made by `make pages` from `src/langspan/catalogue`: change it there. Each
test of the project fails if it sees anything else exported.

Instrumentation scope: `langspan`, with its version and the schema URL `{names.SCHEMA_URL}`.

The level says when an attribute is present, and is never weaker than its convention requires:

* `required`: always, unless the value is unknown.
* `conditional`: always, if the condition beside it holds.
* `recommended`: if available.
* `content`: what users, models and tools say. Off by default.

The source says who defines the name: `GenAI` is the last released GenAI conventions of OpenTelemetry,
`GenAI, next` is their repository since then, `core` is OpenTelemetry's general conventions, and `langspan` is
this package.
"""
_COLUMNS = ("Attribute", "Type", "Level", "When", "Example", "Source")
_BUCKETS = {
    metrics.SECONDS: "seconds",
    metrics.AGENT_SECONDS: "seconds of agents",
    metrics.WORKFLOW_SECONDS: "seconds of workflows",
    metrics.TOKENS: "tokens",
    metrics.CALLS: "calls",
    (): "",
}


def render() -> str:
    """The whole page."""
    parts = (_spans(), _attributes(), _span_events(), _metrics(), _log_events(), _resource(), _absent())
    return "\n".join([_HEAD, *(line for part in parts for line in part)]).rstrip("\n") + "\n"


def _spans() -> Iterator[str]:
    yield "## Spans\n"
    yield table(
        ("Run", "Span name", "`gen_ai.operation.name`", "Kind"),
        (
            (
                span.run,
                code(span.name) if span.kind.prefix or "{" in span.name else span.name,
                code(span.kind.operation) if span.kind.operation else "",
                span.kind.span_kind.name,
            )
            for span in catalogue.SPANS
        ),
    )
    yield prose(
        "A part in braces is left out if it is unknown. A failed run has the status ERROR; no other status "
        "is set. A graph that continues after an interrupt links to the interrupted span."
    )


def _attributes() -> Iterator[str]:
    yield "## Attributes of spans\n"
    yield prose("A name that ends in a dot is a prefix; the application chooses the rest.")
    for title, rows in catalogue.ATTRIBUTES.items():
        yield f"### {title}\n"
        yield table((*_COLUMNS, "Spans"), ((*_row(row), _kinds(row.on)) for row in rows))


def _span_events() -> Iterator[str]:
    yield "## Events of spans\n"
    yield from _events(catalogue.SPAN_EVENTS)


def _metrics() -> Iterator[str]:
    yield "## Metrics\n"
    yield prose(
        "`OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental` chooses the newest names. A measurement "
        f"has those of its attributes that its span has. *Common* stands for {codes(metrics.COMMON)}. "
        "Those of the export are the SDK's own, on what became of the spans and log records that langspan "
        "exports itself; their scope is `langspan.export`."
    )
    for title, group in catalogue.METRICS.items():
        yield f"### {title}\n"
        yield table(("Metric", "Instrument", "Unit", "What", "Attributes", "Buckets"), map(_metric, group))
    yield "### Attributes of metrics only\n"
    yield table(_COLUMNS, map(_row, catalogue.METRIC_ATTRIBUTES))
    yield "### Buckets\n"
    yield table(
        ("Buckets", "Upper bounds"),
        (
            (title, ", ".join(f"{bound:.10g}" for bound in bounds))
            for bounds, title in _BUCKETS.items()
            if bounds
        ),
    )


def _metric(metric: Metric) -> tuple[str, ...]:
    attributes = codes(metric.attributes).replace(codes(metrics.COMMON), "common")
    return (
        code(metric.name),
        metric.instrument.value,
        code(metric.unit),
        metric.description.removesuffix("."),
        attributes,
        _BUCKETS[metric.boundaries],
    )


def _log_events() -> Iterator[str]:
    yield "## Log events\n"
    yield prose(
        "Log records with a name and no body. They have the attributes of their span "
        f"({_kinds(MODELS)}) and the ones below. Messages, system instructions and tool definitions are "
        "structured data there, not JSON text."
    )
    yield from _events(catalogue.LOG_EVENTS)


def _resource() -> Iterator[str]:
    yield "## Resource\n"
    yield prose(
        "A provider of yours keeps its resource. A provider that langspan builds has the SDK's own resource, "
        "plus what `OTEL_RESOURCE_ATTRIBUTES` adds:"
    )
    yield table(_COLUMNS, map(_row, catalogue.RESOURCE))


def _absent() -> Iterator[str]:
    yield "## Not written\n"
    yield prose("What the GenAI conventions have beside this, and why it is not here.")
    yield table(
        ("Attribute", "Spans", "Why"),
        ((code(row.name), _kinds(row.on), row.reason) for row in absent.ATTRIBUTES),
    )
    yield table(("Span, event or entity", "Why"), ((row.name, row.reason) for row in absent.SIGNALS))


def _events(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        yield f"### {event.name}\n"
        severity = f" Severity: {event.severity}." if event.severity else ""
        yield f"When: {event.when}. Source: {event.source.value}.{severity}\n"
        if event.attributes:
            yield table(_COLUMNS, map(_row, event.attributes))


def _row(row: Attribute) -> tuple[str, ...]:
    when = f"{row.when}. One of {codes(row.values)}" if len(row.values) > 1 else row.when
    example = row.example if row.type in {Type.STRING, Type.JSON} else json.dumps(row.example)
    return code(row.name), row.type.value, row.level.value, when, code(example), row.source.value


def _kinds(kinds: frozenset[RunKind]) -> str:
    return "any" if kinds == ANY else codes(kind.name for kind in ALL_KINDS if kind in kinds)


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
