"""The SDK's own metrics that this package exports about its queues of spans and log records.

Written down once more here, for what exports knows no catalogue; the tests compare what is measured with it.
"""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Attribute, Level, Source, Type, rows
from langspan.conventions.metrics import Instrument, Metric
from langspan.conventions.names import ERROR_TYPE, OTEL_COMPONENT_NAME, OTEL_COMPONENT_TYPE

_COMPONENT: Final = (OTEL_COMPONENT_NAME, OTEL_COMPONENT_TYPE)
_FAILABLE: Final = (*_COMPONENT, ERROR_TYPE)
_UP_DOWN: Final = Instrument.UP_DOWN_COUNTER

METRICS: Final = tuple(
    Metric(name, unit, description, attributes, instrument=instrument)
    for signal, unit, items in (("span", "{span}", "spans"), ("log", "{log_record}", "log records"))
    for name, description, attributes, instrument in (
        (
            f"otel.sdk.processor.{signal}.processed",
            f"The number of {items} that were queued, or were lost before that.",
            _FAILABLE,
            Instrument.COUNTER,
        ),
        (
            f"otel.sdk.processor.{signal}.queue.size",
            f"The number of {items} in the queue.",
            _COMPONENT,
            _UP_DOWN,
        ),
        (
            f"otel.sdk.processor.{signal}.queue.capacity",
            f"The number of {items} that the queue can hold.",
            _COMPONENT,
            _UP_DOWN,
        ),
        (
            f"otel.sdk.exporter.{signal}.exported",
            f"The number of {items} that the receiver accepted, or that were lost.",
            _FAILABLE,
            Instrument.COUNTER,
        ),
        (
            f"otel.sdk.exporter.{signal}.inflight",
            f"The number of {items} on their way to the receiver.",
            _COMPONENT,
            _UP_DOWN,
        ),
    )
)
ATTRIBUTES: Final[tuple[Attribute, ...]] = rows(
    Source.CORE,
    frozenset(),
    (OTEL_COMPONENT_NAME, Type.STRING, Level.REQUIRED, "otlp_http_span_exporter/langspan-0", "always"),
    (OTEL_COMPONENT_TYPE, Type.STRING, Level.REQUIRED, "otlp_http_span_exporter", "always"),
)
