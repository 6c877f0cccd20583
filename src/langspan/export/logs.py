"""The logger provider that langspan builds from the standard variables."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk import _logs as sdk
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.resources import Resource

from langspan.export import exporters, otlp
from langspan.export.batches import BatchQueue
from langspan.export.delivery import Encoding
from langspan.export.ledger import Ledger
from langspan.export.pipeline import Pipeline
from langspan.export.processors import QueueProcessor
from langspan.export.settings import Environ

_ENCODING: Final = Encoding(otlp.encode_log_record, otlp.logs_request, otlp.envelope_size)


class OwnedLoggerProvider(LoggerProvider):
    """The SDK's provider, extended to record that it was shut down."""

    langspan_closed = False

    def shutdown(self) -> None:
        """Shut down the log record processors."""
        self.langspan_closed = True
        super().shutdown()


class QueueLogProcessor(QueueProcessor, LogRecordProcessor):
    """A log record processor that puts records into a queue."""

    def on_emit(self, log_record: Any) -> None:
        """Take a log record."""
        self._queue.put(_readable(log_record))

    # Its name before OpenTelemetry 1.35.
    emit = on_emit


def _readable(log: Any) -> Any:
    """Return what exporters read, without the context, which may hold on to much.

    Before OpenTelemetry 1.39, that is what processors are given.
    """
    kind = getattr(sdk, "ReadableLogRecord", None)
    if kind is None or isinstance(log, kind):
        return log
    record = copy.copy(log.log_record)
    record.context = Context()
    return kind(
        log_record=record,
        resource=log.resource or Resource.create({}),
        instrumentation_scope=log.instrumentation_scope,
        limits=log.limits,
    )


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Pipeline:
    """Build a logger provider.

    Args:
        environ: Configures the exporters and the queue.
        names: The exporters, as in `OTEL_LOGS_EXPORTER`.
        limit: The largest export request in bytes, before compression.
        resource: The resource of the log records; by default the one that the SDK detects.

    Raises:
        ValueError: A variable has an invalid value.
    """
    bounds = exporters.bounds(environ, "OTEL_BLRP")
    routes = [exporters.route(environ, "logs", name, _ENCODING, limit) for name in names]
    queues = [BatchQueue("langspan-logs", route, Ledger("log records"), bounds) for route in routes]
    provider = OwnedLoggerProvider(resource=resource or Resource.create(), shutdown_on_exit=False)
    for queue in queues:
        provider.add_log_record_processor(QueueLogProcessor(queue))
    return Pipeline(provider, queues, owned=True)
