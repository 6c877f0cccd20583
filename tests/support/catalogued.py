"""Compares what langspan exports with the catalogue: names, types, values, and which span may have what.

Every span that ends, every measurement and every log record of the process is looked at where the SDK takes
it, whichever provider or exporter it goes to.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import pytest
from opentelemetry.sdk._logs import Logger
from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
)
from opentelemetry.sdk.trace import ReadableSpan, Span

from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.entries import ALL_KINDS, MODELS
from langspan.catalogue.telemetry import Attribute, Event, Type
from langspan.conventions.metrics import Metric
from langspan.kinds.base import RunKind
from langspan.kinds.registry import UNKNOWN

SCOPE = "langspan"
SCOPE_OF_EXPORT = "langspan.export"
OF_THE_APPLICATION = "app."
"""Begins the names of attributes that tests set themselves."""

_ROWS = tuple(chain.from_iterable(catalogue.ATTRIBUTES.values()))
_EVENTS = {event.name: event for event in catalogue.SPAN_EVENTS}
_LOG_EVENTS = {event.name: event for event in catalogue.LOG_EVENTS}
_METRICS = {metric.name: metric for metrics in catalogue.METRICS.values() for metric in metrics}
_PATTERNS = {
    span.kind: re.compile(re.sub(r" \{\w+\}", "( .+)?", span.name) if span.kind.prefix else ".+", re.DOTALL)
    for span in catalogue.SPANS
}
_BY_OPERATION = {
    operation: frozenset(kind for kind in ALL_KINDS if kind.operation == operation)
    for operation in {kind.operation for kind in ALL_KINDS}
}
_PLAIN_KINDS = _BY_OPERATION.pop(None)
_TYPES: Mapping[Type, Callable[[Any], bool]] = {
    Type.STRING: lambda value: type(value) is str,
    Type.STRINGS: lambda value: isinstance(value, list | tuple) and all(type(each) is str for each in value),
    Type.INT: lambda value: type(value) is int,
    Type.DOUBLE: lambda value: type(value) is float,
    Type.DOUBLES: lambda value: (
        isinstance(value, list | tuple) and all(type(each) is float for each in value)
    ),
    Type.BOOL: lambda value: type(value) is bool,
    Type.JSON: lambda value: type(value) is str and _is_json(value),
}


def content_names() -> tuple[str, ...]:
    """An example of each attribute that is content, of spans and of their events."""
    rows = chain(_ROWS, *(event.attributes for event in catalogue.SPAN_EVENTS))
    names = (row.name + "x" if row.name.endswith(".") else row.name for row in rows if row.is_content)
    return tuple(dict.fromkeys(names))


def problems_of_span(span: ReadableSpan) -> Iterator[str]:
    """What of an ended span of ours is not as the catalogue says."""
    attributes = span.attributes or {}
    operation = attributes.get("gen_ai.operation.name")
    kinds = _kinds(operation, span.name)
    kinds = frozenset(kind for kind in kinds if kind.span_kind is span.kind) or kinds
    if not any(_PATTERNS[kind].fullmatch(span.name) for kind in kinds):
        yield f"the name of a span of {operation}"
    if span.kind.name not in {kind.span_kind.name for kind in kinds}:
        yield f"a span of {operation} is {span.kind.name}"
    for name, value in attributes.items():
        if name.startswith(OF_THE_APPLICATION):
            continue
        row = _row(name)
        yield from _problems(name, value, row)
        if row is not None and not row.on & kinds:
            yield f"{name} on a span of {operation}"
    for event in span.events:
        yield from problems_of_event(event.name, event.attributes or {}, _EVENTS)
    if any(link.attributes for link in span.links):
        yield "attributes of a link"


def problems_of_event(name: str, attributes: Mapping[str, Any], known: Mapping[str, Event]) -> Iterator[str]:
    """What of a span event is not as the catalogue says."""
    event = known.get(name)
    if event is None:
        yield f"the event {name}"
        return
    rows = {row.name: row for row in event.attributes}
    for key, value in attributes.items():
        yield from _problems(key, value, rows.get(key))


def problems_of_measurement(name: str, unit: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    """What of a measurement is not as the catalogue says."""
    metric: Metric | None = _METRICS.get(name)
    if metric is None:
        yield f"the metric {name}"
        return
    if unit != metric.unit:
        yield f"the unit {unit} of {name}"
    own = {row.name: row for row in catalogue.METRIC_ATTRIBUTES}
    for key, value in attributes.items():
        yield from _problems(key, value, (own.get(key) or _row(key)) if key in metric.attributes else None)


def problems_of_record(record: Any) -> Iterator[str]:
    """What of a log record is not as the catalogue says: it has the attributes of a model's span, too."""
    event = _LOG_EVENTS.get(record.event_name)
    if event is None:
        yield f"the log event {record.event_name}"
        return
    if record.severity_number.name != event.severity:
        yield f"the severity {record.severity_number} of {event.name}"
    own = {row.name: row for row in event.attributes}
    for key, value in (record.attributes or {}).items():
        row = own.get(key) or _row(key)
        # What is JSON text on a span is data on an event.
        is_data = row is not None and row.type is Type.JSON and isinstance(value, list | tuple)
        yield from () if is_data else _problems(key, value, row)
        if row is not None and row.on and not row.on & MODELS:
            yield f"{key} on a log event"


class Watch:
    """Collects what is exported against the catalogue; raising would be taken for an error of the SDK's."""

    def __init__(self) -> None:
        self._problems: dict[str, None] = {}

    def taken(self) -> list[str]:
        """The problems so far, each once; then they are forgotten."""
        found, self._problems = self._problems, {}
        return list(found)

    def check(self) -> None:
        """Fail if anything was exported that the catalogue does not have."""
        found = self.taken()
        assert not found, f"not in the catalogue of telemetry (langspan.catalogue): {'; '.join(found)}"

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Look at everything that the SDK takes from now on."""
        end, emit = Span.end, Logger.emit

        def watched_end(span: Any, *args: Any, **kwargs: Any) -> None:
            end(span, *args, **kwargs)
            if span.instrumentation_scope.name == SCOPE:
                self._note(problems_of_span(span))

        def watched_emit(logger: Any, record: Any = None, *args: Any, **kwargs: Any) -> None:
            if logger._instrumentation_scope.name == SCOPE:
                self._note(problems_of_record(record))
            emit(logger, record, *args, **kwargs)

        patch.setattr(Span, "end", watched_end)
        patch.setattr(Logger, "emit", watched_emit)
        patch.setattr(Histogram, "record", self._measuring(Histogram.record))
        patch.setattr(Counter, "add", self._measuring(Counter.add))
        for kind in (ObservableCounter, ObservableUpDownCounter, ObservableGauge):
            patch.setattr(kind, "callback", self._observing(kind.callback))

    def _measuring(self, original: Callable[..., None]) -> Callable[..., None]:
        def measure(instrument: Any, amount: Any, attributes: Any = None, *args: Any, **kwargs: Any) -> None:
            if instrument.instrumentation_scope.name == SCOPE:
                self._note(problems_of_measurement(instrument.name, instrument.unit, attributes or {}))
            original(instrument, amount, attributes, *args, **kwargs)

        return measure

    def _observing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def observe(instrument: Any, options: Any) -> Iterator[Any]:
            for measurement in original(instrument, options):
                if instrument.instrumentation_scope.name in (SCOPE, SCOPE_OF_EXPORT):
                    attributes = measurement.attributes or {}
                    self._note(problems_of_measurement(instrument.name, instrument.unit, attributes))
                yield measurement

        return observe

    def _note(self, problems: Iterator[str]) -> None:
        self._problems.update(dict.fromkeys(problems))


@functools.lru_cache(maxsize=4096)
def _kinds(operation: Any, name: str) -> frozenset[RunKind]:
    """What a span may be the span of."""
    if operation in _BY_OPERATION:
        return _BY_OPERATION[operation]
    if name == UNKNOWN[1] or name.partition(" ")[0] in _BY_OPERATION:
        return frozenset(ALL_KINDS)  # a test has made us fail, so the operation is not told
    return _PLAIN_KINDS


@functools.lru_cache(maxsize=4096)
def _row(name: str) -> Attribute | None:
    """The entry for an attribute of a span; None if there is none."""
    for row in _ROWS:
        if name == row.name or (row.name.endswith(".") and name.startswith(row.name)):
            return row
    return None


def _problems(name: str, value: Any, row: Attribute | None) -> Iterator[str]:
    if row is None:
        yield f"the attribute {name}"
    elif not _TYPES[row.type](value):
        yield f"{name} is no {row.type.value}: {value!r:.80}"
    elif row.values and value not in row.values:
        yield f"{name} has the value {value!r:.80}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
