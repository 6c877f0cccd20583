"""The meter provider that langspan builds from the standard variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from langspan._stats import SignalStats
from langspan.export import answers, exporters, otlp_settings, settings
from langspan.export.answers import Answer, Verdict
from langspan.export.courier import Courier, PerProcess, connect
from langspan.export.delivery import SMALLEST_LIMIT, Outcome, outcome_of
from langspan.export.forks import call_in_child
from langspan.export.guard import ExportGuard
from langspan.export.ledger import Ledger, Loss
from langspan.export.pipeline import Pipeline
from langspan.export.points import count_points, halves
from langspan.export.settings import Environ


class OwnedMeterProvider(MeterProvider):
    """The SDK's provider, extended to record that it was shut down."""

    langspan_closed = False

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Collect one last time and shut down the readers."""
        self.langspan_closed = True
        super().shutdown(timeout_millis)


class Source(Protocol):
    """What sends one collection of metrics."""

    @property
    def latest(self) -> str:
        """What the receiver said last, if it did not accept."""

    def send(self, data: Any, arguments: dict[str, Any]) -> Iterator[Outcome]:
        """Send a collection; the outcomes add up to its data points. It never raises.

        Args:
            data: The SDK's `MetricsData`.
            arguments: The keyword arguments of the reader.
        """

    def stop(self) -> None:
        """End a wait for the next attempt."""


class EncodedMetrics:
    """Sends metrics through the connection inside a stock exporter, in halves if they are too large.

    Args:
        courier: Sends requests.
        limit: The largest request, in bytes before compression.
    """

    def __init__(self, courier: Courier, limit: int) -> None:
        self._courier = courier
        self._limit = limit
        self.stop = courier.stop

    @property
    def latest(self) -> str:
        """What the receiver said last, if it did not accept."""
        return self._courier.latest

    def send(self, data: Any, arguments: dict[str, Any]) -> Iterator[Outcome]:
        """Encode and send a collection."""
        del arguments
        parts = [data]
        while parts:
            part = parts.pop()
            count = count_points(part)
            answer = self._send(part, is_single=count <= 1)
            if answer.verdict is Verdict.SPLIT and count > 1:
                parts += reversed(halves(part))
            else:
                yield outcome_of(answer, count)

    def _send(self, part: Any, *, is_single: bool) -> Answer:
        try:
            request = encode_metrics(part).SerializeToString()
        except Exception as error:  # noqa: BLE001 - the encoder is not ours
            return answers.broken(error)
        if len(request) > self._limit and not is_single:
            return Answer(Verdict.SPLIT)
        answer = self._courier.send(request)
        if answer.verdict is Verdict.SPLIT and not is_single:
            # What is collected next is not to be refused first each time.
            self._limit = max(min(self._limit, len(request) // 2), SMALLEST_LIMIT)
        return answer


class ExportedMetrics:
    """Has an exporter of another kind export metrics by itself."""

    def __init__(self, exporter: Any) -> None:
        # Kept here, because the exporter's own method is replaced.
        self._export: Callable[..., Any] = exporter.export
        self._guard = ExportGuard()
        self._guard.watch(exporter)

    @property
    def latest(self) -> str:
        """What the exporter said in its latest attempt."""
        return self._guard.latest

    def send(self, data: Any, arguments: dict[str, Any]) -> Iterator[Outcome]:
        """Pass a collection to the exporter."""
        words = self._guard.attempt(partial(self._export, data, **arguments))
        count = count_points(data)
        yield Outcome(count, 0, Loss.FAILED, "") if words is None else Outcome(0, count, Loss.FAILED, words)

    def stop(self) -> None:
        """Do nothing: such an exporter cannot be interrupted."""


class MetricExports:
    """The exports of one metric exporter, counted in data points.

    Args:
        source: What sends.
        ledger: Where data points are counted.
    """

    def __init__(self, source: Source, ledger: Ledger) -> None:
        self.ledger = ledger
        self._source = source
        self._is_over = False
        self._reset()
        call_in_child(self._reset)

    def _reset(self) -> None:
        self._recorded = self._waiting = 0

    def take_over(self, exporter: Any) -> None:
        """Run the exports of an exporter here.

        This replaces the `export` method of the object. A wrapper around the exporter would have to copy its
        private attributes, from which the reader takes temporality and aggregation.
        """
        exporter.export = self.export

    def export(self, data: Any, **arguments: Any) -> MetricExportResult:
        """Export one collection."""
        count = count_points(data)
        with self.ledger.lock:
            self._recorded += count
            if self._is_over:
                self.ledger.lose(count, Loss.ALREADY_SHUTDOWN)
                return MetricExportResult.FAILURE
            self._waiting += count
            self.ledger.given += count
        result = MetricExportResult.SUCCESS
        for outcome in self._source.send(data, arguments):
            if outcome.lost and outcome.reason is not Loss.REJECTED:
                result = MetricExportResult.FAILURE
            if not self._settle(outcome):
                break
        return result

    def _settle(self, outcome: Outcome) -> bool:
        """Count what became of data points; return False if all that wait count as lost already."""
        with self.ledger.lock:
            if self._is_over:
                return False
            self._waiting -= outcome.sent + outcome.lost
            self.ledger.sent += outcome.sent
            if outcome.lost:
                self.ledger.lose(outcome.lost, outcome.reason, outcome.words)
        self.ledger.tell()
        return True

    def stats(self) -> SignalStats:
        """Return what became of the data points of this process so far."""
        with self.ledger.lock:
            return self.ledger.stats(self._recorded, self._waiting)

    def abandon(self) -> None:
        """Count an export under way as lost."""
        self._source.stop()
        with self.ledger.lock:
            self._is_over = True
            if self._waiting:
                self.ledger.lose(self._waiting, Loss.SHUT_DOWN, self._source.latest or "no answer so far")
            self._waiting = 0


def build(environ: Environ, names: Sequence[str], limit: int, resource: Resource | None) -> Pipeline:
    """Build a meter provider. The SDK itself reads the variables for interval, temporality and aggregation.

    Args:
        environ: Configures the exporters.
        names: The exporters, or readers such as `prometheus`, as in `OTEL_METRICS_EXPORTER`.
        limit: The largest export request in bytes, before compression.
        resource: The resource of the metrics; by default the one that the SDK detects.

    Raises:
        ValueError: A variable has an invalid value.
    """
    settings.check_intervals(environ)
    accounts, readers = [], []
    for name in names:
        make = exporters.factory(environ, "metrics", name)
        protocol = exporters.otlp_protocol(environ, "metrics", name)
        per_process = PerProcess(make)
        if isinstance(exporter := per_process.get(), MetricReader):
            readers.append(exporter)
            continue
        accounts.append(_exports(environ, per_process, protocol, limit))
        accounts[-1].take_over(exporter)
        readers.append(PeriodicExportingMetricReader(exporter))
    provider = OwnedMeterProvider(readers, resource=resource, shutdown_on_exit=False)
    return Pipeline(provider, accounts, owned=True)


def _exports(environ: Environ, per_process: PerProcess, protocol: str | None, limit: int) -> MetricExports:
    courier = None
    if protocol is not None:
        courier = connect(per_process, "metrics", protocol, otlp_settings.timeout(environ, "metrics"))
    source = EncodedMetrics(courier, limit) if courier else ExportedMetrics(per_process.get())
    return MetricExports(source, Ledger("metric data points"))
