"""GenAI metrics of runs, with the conventions' names, buckets and low-cardinality attributes."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.metrics import Counter, Histogram, Meter

from langspan._run import Run
from langspan.conventions import metrics as known
from langspan.conventions import names
from langspan.conventions._values import Attributes
from langspan.conventions.metrics import Instrument, Metric
from langspan.conventions.operations import MODEL_KINDS, Kind

_DURATIONS: Final = {
    Kind.EMBEDDINGS: known.OPERATION_DURATION,
    Kind.RETRIEVER: known.OPERATION_DURATION,
    Kind.TOOL: known.TOOL_DURATION,
    Kind.AGENT: known.AGENT_DURATION,
    Kind.WORKFLOW: known.WORKFLOW_DURATION,
}
_TYPES: Final = (
    (names.GEN_AI_USAGE_INPUT_TOKENS, "input"),
    (names.GEN_AI_USAGE_OUTPUT_TOKENS, "output"),
)
_TOKEN_HISTOGRAMS: Final = (
    (names.GEN_AI_USAGE_INPUT_TOKENS, known.INPUT_TOKENS),
    (names.GEN_AI_USAGE_OUTPUT_TOKENS, known.OUTPUT_TOKENS),
)
_SUBSETS: Final = (
    (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, known.USAGE_CACHE_READ),
    (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, known.USAGE_CACHE_WRITE),
    (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, known.USAGE_REASONING),
)
_TOTALS: Final = (
    (
        names.GEN_AI_USAGE_INPUT_TOKENS,
        known.USAGE_INPUT_TOKENS,
        (
            ("text", names.GEN_AI_USAGE_TEXT_INPUT_TOKENS),
            ("image", names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS),
            ("audio", names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
        ),
    ),
    (
        names.GEN_AI_USAGE_OUTPUT_TOKENS,
        known.USAGE_OUTPUT_TOKENS,
        (
            ("text", names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS),
            ("image", names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
            ("audio", names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS),
        ),
    ),
)


class Metrics:
    """Records measurements of runs.

    Args:
        meter: Where instruments are made.
        latest: Use the newest conventions' names instead of the released ones.
    """

    def __init__(self, meter: Meter, *, latest: bool) -> None:
        wanted = (*(known.LATEST if latest else known.RELEASED), *known.ADDED)
        self._instruments: dict[str, Any] = {metric.name: _instrument(meter, metric) for metric in wanted}
        self._count_tokens = self._latest_tokens if latest else self._released_tokens
        self._duration = known.INFERENCE_DURATION if latest else known.OPERATION_DURATION
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
        kind = run.operation.kind
        if kind in MODEL_KINDS:
            self._record(run, self._duration, seconds, attributes)
            first = attributes.get(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
            if first is not None:
                self._record(run, self._first_chunk, first, attributes)
            self._count_tokens(run, attributes)
            return
        duration = _DURATIONS.get(kind)
        if duration is not None:
            self._record(run, duration, seconds, attributes)
        if kind is Kind.AGENT:
            tools = run.calls.count(Kind.TOOL)
            self._record(run, known.AGENT_INFERENCE_CALLS, len(run.calls) - tools, attributes)
            self._record(run, known.AGENT_TOOL_CALLS, tools, attributes)

    def _released_tokens(self, run: Run, attributes: Attributes) -> None:
        for name, kind in _TYPES:
            count = attributes.get(name)
            if count is not None:
                self._record(run, known.TOKEN_USAGE, count, {**attributes, names.GEN_AI_TOKEN_TYPE: kind})

    def _latest_tokens(self, run: Run, attributes: Attributes) -> None:
        for name, metric in _TOKEN_HISTOGRAMS:
            count = attributes.get(name)
            if count is not None:
                self._record(run, metric, count, attributes)
        for name, metric in _SUBSETS:
            count = attributes.get(name)
            if count is not None:
                self._add(run, metric, count, attributes, "unknown")
        for total, metric, parts in _TOTALS:
            rest = attributes.get(total)
            if isinstance(rest, int):
                self._add_parts(run, metric, rest, attributes, parts)

    def _add_parts(
        self, run: Run, metric: Metric, rest: int, attributes: Attributes, parts: tuple[tuple[str, str], ...]
    ) -> None:
        """Add a count by modality; what no provider's breakdown tells is of unknown modality."""
        for modality, name in parts:
            count = attributes.get(name)
            if isinstance(count, int) and 0 < count <= rest:
                self._add(run, metric, count, attributes, modality)
                rest -= count
        if rest:
            self._add(run, metric, rest, attributes, "unknown")

    def _record(self, run: Run, metric: Metric, value: Any, attributes: Attributes) -> None:
        instrument: Histogram = self._instruments[metric.name]
        # The run's own context, so that an exemplar points at its span.
        instrument.record(value, _chosen(metric, attributes), run.context)

    def _add(self, run: Run, metric: Metric, value: Any, attributes: Attributes, modality: str) -> None:
        instrument: Counter = self._instruments[metric.name]
        marked = {**attributes, names.GEN_AI_TOKEN_MODALITY: modality}
        instrument.add(value, _chosen(metric, marked), run.context)


def _chosen(metric: Metric, attributes: Attributes) -> Attributes:
    return {name: attributes[name] for name in metric.attributes if name in attributes}


def _instrument(meter: Meter, metric: Metric) -> Histogram | Counter:
    if metric.instrument is Instrument.COUNTER:
        return meter.create_counter(metric.name, metric.unit, metric.description)
    advice: dict[str, Any] = {"explicit_bucket_boundaries_advisory": metric.boundaries}
    try:
        return meter.create_histogram(metric.name, metric.unit, metric.description, **advice)
    except TypeError:
        # An API without advice on buckets: its own are made for milliseconds, but they count.
        return meter.create_histogram(metric.name, metric.unit, metric.description)
