"""A meter provider of our own, built from the standard variables."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from langspan.export import exporters, settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ
from langspan.export.telemetry import Line


class OwnedMeterProvider(MeterProvider):
    """The SDK's provider, which remembers that it was shut down."""

    langspan_closed = False

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Collect a last time and shut down the readers."""
        self.langspan_closed = True
        super().shutdown(timeout_millis)


def guard_exports(exporter: Any, guard: ExportGuard) -> None:
    """Put the exports of one metric exporter under a guard.

    The method of this one object is replaced: the reader takes temporality and aggregation from private
    attributes of the exporter it is given, which a wrapper would have to copy.
    """
    export: Callable[..., Any] = exporter.export

    def guarded(*args: Any, **kwargs: Any) -> MetricExportResult:
        sent = guard.attempt(partial(export, *args, **kwargs), 1)
        return MetricExportResult.SUCCESS if sent else MetricExportResult.FAILURE

    guard.watch(exporter)
    exporter.export = guarded


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Line:
    """Build a meter provider; its interval, temporality and aggregation are read by the SDK.

    Args:
        environ: Chooses the exporters.
        names: The exporters, or readers such as `prometheus`.
        limit: Not used: a collection of metrics is small.
        resource: What the metrics are about; by default what the SDK finds out.

    Raises:
        ValueError: A variable has a value that cannot be used.
    """
    del limit
    settings.check_intervals(environ)
    found = [exporters.factory(environ, "metrics", name)() for name in names]
    guards, readers = [], []
    for exporter in found:
        if isinstance(exporter, MetricReader):
            readers.append(exporter)
            continue
        guards.append(guard := ExportGuard("metric exports"))
        guard_exports(exporter, guard)
        readers.append(PeriodicExportingMetricReader(exporter))
    provider = OwnedMeterProvider(readers, resource=resource, shutdown_on_exit=False)
    return Line(provider, guards, owned=True)
