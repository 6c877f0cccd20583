"""Providers that keep telemetry in memory, and of spans only what is asked of them at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

_Key = tuple[int, int]
# Renamed in 1.40.
_InMemoryLogs: Any = getattr(logs, "InMemoryLogRecordExporter", None) or logs.InMemoryLogExporter


@dataclass(frozen=True)
class _Noted:
    test: str
    name: str
    parent: _Key | None

    def told(self) -> dict[str, str]:
        return {"test": self.test, "what": self.name}


def _key(context: Any) -> _Key:
    return context.trace_id, context.span_id


class Spans(SpanProcessor):
    """Keeps of each span its id, name, parent and test.

    Args:
        test: What to call the time before the first test.
    """

    def __init__(self, test: str) -> None:
        self.test = test
        self.ended: set[_Key] = set()
        self._noted: dict[_Key, _Noted] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note a span; the parent of one that comes from elsewhere cannot be missed here."""
        parent = span.parent
        above = None if parent is None or parent.is_remote else _key(parent)
        self._noted[_key(span.get_span_context())] = _Noted(self.test, span.name, above)

    def on_end(self, span: ReadableSpan) -> None:
        """Note an ending: that is what is exported."""
        self.ended.add(_key(span.get_span_context()))

    def never_ended(self) -> list[dict[str, str]]:
        """Spans that started only."""
        return [noted.told() for key, noted in list(self._noted.items()) if key not in self.ended]

    def orphans(self) -> list[dict[str, str]]:
        """Spans whose parent has not ended."""
        return [
            noted.told()
            for key, noted in list(self._noted.items())
            if key in self.ended and noted.parent is not None and noted.parent not in self.ended
        ]


class Telemetry:
    """Providers for all three signals, in memory.

    Args:
        test: What to call the time before the first test.
    """

    def __init__(self, test: str) -> None:
        self.spans = Spans(test)
        self._metrics = InMemoryMetricReader()
        self._events = _InMemoryLogs()
        self._event_count = 0
        tracers, loggers = TracerProvider(), LoggerProvider()
        tracers.add_span_processor(self.spans)
        loggers.add_log_record_processor(logs.SimpleLogRecordProcessor(self._events))
        self.providers: dict[str, Any] = {
            "tracer_provider": tracers,
            "meter_provider": MeterProvider([self._metrics]),
            "logger_provider": loggers,
        }

    def forget_events(self) -> None:
        """Count log events and let them go: with content on they hold all that the tests' models said."""
        self._event_count += len(self._events.get_finished_logs())
        self._events.clear()

    def results(self) -> dict[str, Any]:
        """What was recorded, and what is missing in it."""
        self.forget_events()
        return {
            "spans": len(self.spans.ended),
            "events": self._event_count,
            "measurements": self._measurements(),
            "never_ended": self.spans.never_ended(),
            "orphans": self.spans.orphans(),
        }

    def _measurements(self) -> int:
        data = self._metrics.get_metrics_data()
        metrics = (
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        )
        return sum(getattr(point, "count", 1) for metric in metrics for point in metric.data.data_points)
