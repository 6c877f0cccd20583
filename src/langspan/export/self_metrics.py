"""The SDK's own metrics, from the ledger: what became of spans and log records.

Names, units and attributes are those of the semantic conventions for SDK metrics. They are read when metrics
are collected, so that they cost nothing in between, and a forked child tells of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from langspan.export.batches import BatchQueue
from langspan.export.ledger import AT_THE_DOOR

COMPONENT_NAME: Final = "otel.component.name"
COMPONENT_TYPE: Final = "otel.component.type"
ERROR_TYPE: Final = "error.type"

_Values = Iterable[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class SelfMetric:
    """One metric of a queue or its exporter.

    Attributes:
        name: Its name, in which `*` stands for the signal.
        description: What it measures; the plural of the items stands for `*`.
        is_counter: Whether it only grows.
        is_of_exporter: Whether it is about the exporter, not the queue.
        read: Returns values, each with its `error.type`, which is empty for success.
    """

    name: str
    description: str
    is_counter: bool
    is_of_exporter: bool
    read: Callable[[BatchQueue], _Values]


def _processed(queue: BatchQueue) -> Iterator[tuple[int, str]]:
    stats = queue.stats()
    yield queue.ledger.given, ""
    yield from ((stats.lost[reason], reason) for reason in AT_THE_DOOR & stats.lost.keys())


def _exported(queue: BatchQueue) -> Iterator[tuple[int, str]]:
    stats = queue.stats()
    yield stats.sent, ""
    yield from ((count, reason) for reason, count in stats.lost.items() if reason not in AT_THE_DOOR)


SELF_METRICS: Final = (
    SelfMetric(
        "otel.sdk.processor.*.processed",
        "The number of * for which the processing has finished, either successful or failed.",
        is_counter=True,
        is_of_exporter=False,
        read=_processed,
    ),
    SelfMetric(
        "otel.sdk.processor.*.queue.size",
        "The number of * in the queue of a given instance of an SDK processor.",
        is_counter=False,
        is_of_exporter=False,
        read=lambda queue: [(max(queue.stats().waiting - queue.backlog.on_the_way, 0), "")],
    ),
    SelfMetric(
        "otel.sdk.processor.*.queue.capacity",
        "The maximum number of * the queue of a given instance of an SDK processor can hold.",
        is_counter=False,
        is_of_exporter=False,
        read=lambda queue: [(queue.backlog.bounds.items, "")],
    ),
    SelfMetric(
        "otel.sdk.exporter.*.exported",
        "The number of * for which the export has finished, either successful or failed.",
        is_counter=True,
        is_of_exporter=True,
        read=_exported,
    ),
    SelfMetric(
        "otel.sdk.exporter.*.inflight",
        "The number of * which were passed to the exporter, but that have not been exported yet.",
        is_counter=False,
        is_of_exporter=True,
        read=lambda queue: [(queue.backlog.on_the_way, "")],
    ),
)


def observe(provider: MeterProvider, signal: str, unit: str, queues: list[BatchQueue]) -> None:
    """Have the metrics of some queues observed.

    Args:
        provider: Where metrics go; one that is set later as well, if it is the API's placeholder.
        signal: The word for the signal in the names: `span` or `log`.
        unit: The word for an item in the unit: `span` or `log_record`.
        queues: The queues of the signal.
    """
    meter = provider.get_meter("langspan.export")
    for metric in SELF_METRICS:
        create = (
            meter.create_observable_counter if metric.is_counter else meter.create_observable_up_down_counter
        )
        create(
            metric.name.replace("*", signal),
            callbacks=[partial(_observations, metric, queues)],
            unit=f"{{{unit}}}",
            description=metric.description.replace("*", f"{unit.replace('_', ' ')}s"),
        )


def _observations(metric: SelfMetric, queues: list[BatchQueue], _: CallbackOptions) -> Iterator[Observation]:
    for number, queue in enumerate(queues):
        # A queue is no type that the conventions know: then, the name of the class is to be used.
        kind = queue.delivery.component_type if metric.is_of_exporter else _name_of(queue)
        component = {COMPONENT_TYPE: kind, COMPONENT_NAME: f"{kind}/langspan-{number}"}
        for value, error in metric.read(queue):
            yield Observation(value, {**component, ERROR_TYPE: str(error)} if error else component)


def _name_of(component: object) -> str:
    kind = type(component)
    return f"{kind.__module__}.{kind.__qualname__}"
