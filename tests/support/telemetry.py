"""All three signals recorded in memory, and what they look like on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import langspan
from langspan._guard import Guard
from langspan.recording.log_events import is_supported
from support.otlp_data import Log, Metric, Span, decode
from support.recording import Recording

Item = Span | Metric | Log

# Renamed in 1.40.
_InMemoryLogs: Any = getattr(logs, "InMemoryLogRecordExporter", None) or logs.InMemoryLogExporter


class Telemetry(Recording):
    """Spans, metrics with exemplars, and log records."""

    def __init__(self, **provider_options: Any) -> None:
        super().__init__(**provider_options)
        self._reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self._reader], exemplar_filter=AlwaysOnExemplarFilter())
        self._logs = _InMemoryLogs()
        self.logger_provider = LoggerProvider()
        self.logger_provider.add_log_record_processor(logs.SimpleLogRecordProcessor(self._logs))

    @contextmanager
    def instrumented(self, guard: Guard | None = None, **settings: Any) -> Iterator[None]:
        """Send everything here; events where the installed OpenTelemetry has them.

        Args:
            guard: The error boundary; by default one that lets internal errors through.
            settings: Arguments of `instrument()`.
        """
        events = {"logger_provider": self.logger_provider} if is_supported() else {}
        langspan.LangSpanInstrumentor().instrument(
            tracer_provider=self.provider,
            meter_provider=self.meter_provider,
            guard=guard or Guard(raising=True),
            **events,
            **settings,
        )
        try:
            yield
        finally:
            langspan.uninstrument()

    def clear(self) -> None:
        super().clear()
        self._logs.clear()

    def requests(self) -> list[Any]:
        """One export request for each signal that has something to tell."""
        metrics, events = self._reader.get_metrics_data(), self._logs.get_finished_logs()
        found: list[Any] = [encode_spans(self.spans)]
        if metrics is not None:
            found.append(encode_metrics(metrics))
        if events:
            found.append(encode_logs(events))
        return found

    def items(self) -> Iterator[Item]:
        """Every span, metric and log record, as a receiver reads them."""
        for request in self.requests():
            yield from decode(request)
