"""The logger provider that langspan builds from the standard variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as sdk
from opentelemetry.sdk.resources import Resource

from langspan.export import exporters, settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ
from langspan.export.size import log_bound
from langspan.export.telemetry import Pipeline

# Renamed in OpenTelemetry 1.39.
_Result: Final[Any] = getattr(sdk, "LogRecordExportResult", None) or sdk.LogExportResult


class OwnedLoggerProvider(LoggerProvider):
    """The SDK's provider, extended to record that it was shut down."""

    langspan_closed = False

    def shutdown(self) -> None:
        """Shut down the log record processors."""
        self.langspan_closed = True
        super().shutdown()


class SplittingLogExporter(exporters.SplittingExporter):
    """An exporter that passes log records to another one in batches of limited size in bytes.

    It does not inherit from the SDK's interface, which adds nothing and has another name in each version.
    """

    def export(self, batch: Sequence[Any]) -> Any:
        """Export log records; return a failure if any batch failed."""
        return _Result.SUCCESS if self.send(batch) else _Result.FAILURE


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Pipeline:
    """Build a logger provider. The SDK itself reads the variables of the batch processor.

    Args:
        environ: Configures the exporters.
        names: The exporters, as in `OTEL_LOGS_EXPORTER`.
        limit: The largest export request in bytes, before compression.
        resource: The resource of the log records; by default the one that the SDK detects.

    Raises:
        ValueError: A variable has an invalid value.
    """
    settings.check_batches(environ, "OTEL_BLRP")
    makers = [exporters.factory(environ, "logs", name) for name in names]
    guards = [ExportGuard("log records") for _ in makers]
    splitting: list[Any] = [
        SplittingLogExporter(make, log_bound, limit, guard)
        for make, guard in zip(makers, guards, strict=True)
    ]
    provider = OwnedLoggerProvider(resource=resource or Resource.create(), shutdown_on_exit=False)
    for exporter in splitting:
        provider.add_log_record_processor(sdk.BatchLogRecordProcessor(exporter))
    return Pipeline(provider, guards, owned=True)
