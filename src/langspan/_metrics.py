"""GenAI metrics of runs: the instruments, and who records into them when."""

from __future__ import annotations

from typing import Any

from opentelemetry.metrics import Counter, Histogram, Meter

from langspan._run import Run
from langspan.conventions import metrics as known
from langspan.conventions import names
from langspan.conventions._values import Attributes
from langspan.conventions.measurements import attributes_of, duration_metric, token_measurements
from langspan.conventions.metrics import Instrument, Metric
from langspan.conventions.operations import MODEL_KINDS, Kind


class Metrics:
    """Records measurements of runs.

    Args:
        meter: Where instruments are made.
        latest: Use the newest conventions' names instead of the released ones.
    """

    def __init__(self, meter: Meter, *, latest: bool) -> None:
        self._latest = latest
        wanted = (*(known.LATEST if latest else known.RELEASED), *known.ADDED)
        self._instruments: dict[str, Any] = {metric.name: _instrument(meter, metric) for metric in wanted}
        self._first_chunk = known.INFERENCE_TIME_TO_FIRST_CHUNK if latest else known.TIME_TO_FIRST_CHUNK
        self._per_chunk = known.INFERENCE_TIME_PER_OUTPUT_CHUNK if latest else known.TIME_PER_OUTPUT_CHUNK

    def chunk(self, run: Run, seconds: float) -> None:
        """A streamed chunk came, so long after the one before."""
        self._record(run, self._per_chunk, seconds, run.facts)

    def finished(self, run: Run, attributes: Attributes, seconds: float) -> None:
        """A run has ended.

        Args:
            run: The run; its span has not ended yet, so that exemplars find it.
            attributes: All that is known of it, ``error.type`` included.
            seconds: As long as its span.
        """
        if run.is_handed_on:
            return
        kind = run.operation.kind
        duration = duration_metric(kind.value, latest=self._latest)
        if duration is not None:
            self._record(run, duration, seconds, attributes)
        if kind in MODEL_KINDS:
            first = attributes.get(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
            if first is not None:
                self._record(run, self._first_chunk, first, attributes)
            for metric, value, labels in token_measurements(attributes, latest=self._latest):
                self._measure(run, metric, value, labels)
        elif kind is Kind.AGENT:
            tools = run.calls.count(Kind.TOOL)
            self._record(run, known.AGENT_INFERENCE_CALLS, len(run.calls) - tools, attributes)
            self._record(run, known.AGENT_TOOL_CALLS, tools, attributes)

    def _record(self, run: Run, metric: Metric, value: Any, attributes: Attributes) -> None:
        self._measure(run, metric, value, attributes_of(metric, attributes))

    def _measure(self, run: Run, metric: Metric, value: Any, labels: Attributes) -> None:
        instrument = self._instruments[metric.name]
        # The run's own context, so that an exemplar points at its span.
        if metric.instrument is Instrument.COUNTER:
            instrument.add(value, labels, run.context)
        else:
            instrument.record(value, labels, run.context)


def _instrument(meter: Meter, metric: Metric) -> Histogram | Counter:
    if metric.instrument is Instrument.COUNTER:
        return meter.create_counter(metric.name, metric.unit, metric.description)
    advice: dict[str, Any] = {"explicit_bucket_boundaries_advisory": metric.boundaries}
    try:
        return meter.create_histogram(metric.name, metric.unit, metric.description, **advice)
    except TypeError:
        # An API without advice on buckets: its own are made for milliseconds, but they count.
        return meter.create_histogram(metric.name, metric.unit, metric.description)
