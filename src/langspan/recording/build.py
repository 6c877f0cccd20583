"""Builds a recorder from settings and providers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import metadata
from typing import Final

from opentelemetry import trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan._events import Graph
from langspan._guard import Guard
from langspan._setting_parsers import ContentCapture
from langspan._settings import Settings
from langspan.conventions.names import SCHEMA_URL
from langspan.recording.limits import NO_LIMITS, limits_of
from langspan.recording.log_events import LogEvents, is_supported
from langspan.recording.metrics import Metrics
from langspan.recording.recorder import Recorder

_logger = logging.getLogger("langspan")
_SCOPE: Final = "langspan"
_VERSION: Final = metadata.version("langspan")


def build_recorder(
    settings: Settings,
    guard: Guard,
    *,
    pop_announcement: Callable[[], Graph | None],
    tracer_provider: TracerProvider | None,
    meter_provider: MeterProvider | None,
    logger_provider: LoggerProvider | None,
) -> Recorder:
    """Build a recorder; metrics and log events only if a provider for them is configured.

    Args:
        settings: What the user asked for.
        guard: The error boundary.
        pop_announcement: See `Recorder`.
        tracer_provider: Where spans go; the global provider by default.
        meter_provider: Where metrics go; nowhere by default.
        logger_provider: Where log events go; nowhere by default.
    """
    metrics = events = None
    if meter_provider is not None and _records(meter_provider):
        meter = meter_provider.get_meter(_SCOPE, _VERSION, SCHEMA_URL)
        metrics = Metrics(meter, latest=settings.latest_metrics)
    if logger_provider is not None and _records(logger_provider):
        if is_supported():
            events = LogEvents(logger_provider.get_logger(_SCOPE, _VERSION, SCHEMA_URL))
        elif ContentCapture.EVENT in settings.capture_content:
            _logger.warning("langspan: this OpenTelemetry has no events; upgrade it to record content there")
    tracer = trace.get_tracer(_SCOPE, _VERSION, tracer_provider, SCHEMA_URL)
    return Recorder(
        tracer,
        settings,
        guard,
        pop_announcement=pop_announcement,
        metrics=metrics,
        events=events,
        limits=guard.call(limits_of, tracer) or NO_LIMITS,
    )


def _records(provider: object) -> bool:
    """Whether a provider records at all. Not all of the API's stand-ins are public: known by their names."""
    name = type(provider).__name__
    return not name.startswith(("_Proxy", "Proxy", "NoOp", "_NoOp"))
