"""The meter provider that langspan builds from the standard variables."""

from __future__ import annotations

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
from langspan.export.telemetry import Pipeline


class OwnedMeterProvider(MeterProvider):
    """The SDK's provider, extended to record that it was shut down."""

    langspan_closed = False

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Collect one last time and shut down the readers."""
        self.langspan_closed = True
        super().shutdown(timeout_millis)


def guard_exports(exporter: Any, guard: ExportGuard) -> None:
    """Run the exports of one metric exporter under a guard.

    This replaces the `export` method of the object. A wrapper around the exporter would have to copy its
    private attributes, from which the reader takes temporality and aggregation.
    """
    export: Callable[..., Any] = exporter.export

    def guarded(*args: Any, **kwargs: Any) -> MetricExportResult:
        sent = guard.attempt(partial(export, *args, **kwargs), 1)
        return MetricExportResult.SUCCESS if sent else MetricExportResult.FAILURE

    guard.watch(exporter)
    exporter.export = guarded


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Pipeline:
    """Build a meter provider. The SDK itself reads the variables for interval, temporality and aggregation.

    Args:
        environ: Configures the exporters.
        names: The exporters, or readers such as `prometheus`, as in `OTEL_METRICS_EXPORTER`.
        limit: Unused, because one collection of metrics is small.
        resource: The resource of the metrics; by default the one that the SDK detects.

    Raises:
        ValueError: A variable has an invalid value.
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
    return Pipeline(provider, guards, owned=True)
