"""GenAI metrics of runs: the instruments, and who records into them when."""

from __future__ import annotations

from typing import Any

from opentelemetry.metrics import Counter, Histogram, Meter

from langspan._values import Attributes
from langspan.conventions import metrics as known
from langspan.conventions.measurements import Measurement, measured
from langspan.conventions.metrics import Instrument, Metric
from langspan.recording.run import Run


class Metrics:
    """Records measurements of runs.

    Args:
        meter: Where instruments are made.
        latest: Use the newest conventions' names instead of the released ones.
    """

    def __init__(self, meter: Meter, *, latest: bool) -> None:
        self._latest = latest
        wanted = (*(known.LATEST if latest else known.RELEASED), *known.ADDED, *known.OWN, *known.OF_BUDGETS)
        self._instruments: dict[str, Any] = {metric.name: _instrument(meter, metric) for metric in wanted}
        self._per_chunk = known.INFERENCE_TIME_PER_OUTPUT_CHUNK if latest else known.TIME_PER_OUTPUT_CHUNK

    def chunk(self, run: Run, seconds: float) -> None:
        """A streamed chunk came, so long after the one before."""
        labels = run.chunk_labels
        if labels is None:  # the same for all chunks of a stream
            labels = run.chunk_labels = measured(self._per_chunk, 0, run.start_attributes).attributes
        self._instruments[self._per_chunk.name].record(seconds, labels, run.context)

    def finished(self, run: Run, attributes: Attributes, seconds: float) -> None:
        """A run has ended.

        Args:
            run: The run; its span has not ended yet, so that exemplars find it.
            attributes: All that is known of it, `error.type` included.
            seconds: As long as its span.
        """
        measure = run.kind.measure
        if measure is not None and not run.is_delegated:
            for measurement in measure(run, attributes, seconds, self._latest):
                self._record(run, measurement)

    def exceeded(self, root: Run, attributes: Attributes) -> None:
        """A budget is exceeded.

        Args:
            root: The outermost run around the call that exceeds it.
            attributes: What the event on its span says.
        """
        self._record(root, measured(known.BUDGET_EXCEEDED, 1, attributes))

    def _record(self, run: Run, measurement: Measurement) -> None:
        metric, value, attributes = measurement
        instrument = self._instruments[metric.name]
        # The run's own context, so that an exemplar points at its span.
        if metric.instrument is Instrument.COUNTER:
            instrument.add(value, attributes, run.context)
        else:
            instrument.record(value, attributes, run.context)


def _instrument(meter: Meter, metric: Metric) -> Histogram | Counter:
    if metric.instrument is Instrument.COUNTER:
        return meter.create_counter(metric.name, metric.unit, metric.description)
    advice: dict[str, Any] = {"explicit_bucket_boundaries_advisory": metric.boundaries}
    try:
        return meter.create_histogram(metric.name, metric.unit, metric.description, **advice)
    except TypeError:
        # An API without advice on buckets: its own are made for milliseconds, but they count.
        return meter.create_histogram(metric.name, metric.unit, metric.description)


def count_once(run: Run, parent: Run) -> None:
    """Note which one of nested runs that do the same work is not to be measured.

    A run around this one with the same operation and of another kind stands for it, as a retriever does for
    the search in its vector store; else this one stands for a run of its kind directly around it.
    """
    kind = run.kind
    around: Run | None = parent
    while around is not None:
        if around.kind is not kind and around.kind.operation == kind.operation:
            run.is_delegated = True
            return
        around = around.parent
    if parent.kind is kind:
        parent.is_delegated = True
