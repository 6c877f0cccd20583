"""A logger provider of our own, built from the standard variables."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as sdk
from opentelemetry.sdk.resources import Resource

from langspan.export import exporters, settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ
from langspan.export.size import log_bound
from langspan.export.telemetry import Line

# Renamed in OpenTelemetry 1.39; the old name goes away in time.
_Result: Any = getattr(sdk, "LogRecordExportResult", None) or sdk.LogExportResult


class OwnedLoggerProvider(LoggerProvider):
    """The SDK's provider, which remembers that it was shut down."""

    langspan_closed = False

    def shutdown(self) -> None:
        """Shut down the log record processors."""
        self.langspan_closed = True
        super().shutdown()


class SplittingLogExporter(exporters.SplittingExporter):
    """Hands log records to another exporter in batches that fit a limit in bytes.

    Not a subclass of the SDK's interface, whose name differs between versions and which adds nothing.
    """

    def export(self, batch: Sequence[Any]) -> Any:
        """Export log records; the result is a failure when any batch failed."""
        return _Result.SUCCESS if self.send(batch) else _Result.FAILURE


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Line:
    """Build a logger provider; its batch figures are read by the SDK.

    Args:
        environ: Chooses the exporters.
        names: The exporters.
        limit: Bytes of one export request before compression.
        resource: What the log records are about; by default what the SDK finds out.

    Raises:
        ValueError: A variable has a value that cannot be used.
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
    return Line(provider, guards, owned=True)
