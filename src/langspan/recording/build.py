"""Builds a recorder from settings and providers."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib import import_module, metadata
from typing import Any, Final

from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanContext, Tracer, TracerProvider

from langspan._capture import ContentCapture
from langspan._events import Graph
from langspan._guard import Guard
from langspan._setting_parsers import Redact
from langspan._settings import Settings
from langspan.content.fields import hidden_but
from langspan.content.renderer import ContentRenderer
from langspan.context.collection import watch
from langspan.conventions.names import SCHEMA_URL
from langspan.recording.always_recorded import AlwaysRecorded
from langspan.recording.evaluations import Evaluations
from langspan.recording.givens import ReadBaggage
from langspan.recording.interrupts import Interrupts
from langspan.recording.limits import NO_LIMITS, limits_of
from langspan.recording.log_events import LogEvents, is_supported
from langspan.recording.metrics import Metrics
from langspan.recording.outer import outer_context
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run
from langspan.recording.run_hooks import RunHooks
from langspan.recording.run_table import RunTable
from langspan.recording.span_end import SpanFinisher
from langspan.recording.span_start import SpanStarter
from langspan.recording.spent import Spent

_logger = logging.getLogger("langspan")
_SCOPE: Final = "langspan"
_VERSION: Final = metadata.version("langspan")
_MAX_ENDED: Final = 2048  # ended runs that are remembered, for children that come late


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
    metrics = logger = None
    if meter_provider is not None and _records(meter_provider):
        meter = meter_provider.get_meter(_SCOPE, _VERSION, SCHEMA_URL)
        metrics = Metrics(meter, latest=settings.latest_metrics)
    if logger_provider is not None and _records(logger_provider):
        if is_supported():
            logger = logger_provider.get_logger(_SCOPE, _VERSION, SCHEMA_URL)
        elif ContentCapture.EVENT in settings.capture_content:
            _logger.warning("langspan: this OpenTelemetry has no events; upgrade it to record content there")
    tracer = trace.get_tracer(_SCOPE, _VERSION, tracer_provider, SCHEMA_URL)
    recorder = _assemble(tracer, settings, guard, pop_announcement, metrics, logger)
    recorder.records_checkpoints = settings.checkpoints
    return recorder


def _assemble(
    tracer: Tracer,
    settings: Settings,
    guard: Guard,
    pop_announcement: Callable[[], Graph | None],
    metrics: Metrics | None,
    logger: Logger | None,
) -> Recorder:
    """Make the recorder's parts and put them together."""
    watch()
    events = None if logger is None else LogEvents(logger)
    runs, hooks = _runs(settings, guard), _hooks(settings, guard)
    interrupts = Interrupts(across_processes=settings.link_across_processes)
    limits = guard.call(limits_of, tracer) or NO_LIMITS
    rules = _redact(settings, guard), settings.max_content_bytes, limits.chars
    policy, renderer = ContentRenderer(*rules), None
    if settings.capture_content:
        renderer = ContentRenderer(*rules, hidden_but(settings.capture_content.fields))
    starter = SpanStarter(
        tracer,
        runs,
        guard,
        interrupts,
        hooks=hooks,
        renderer=renderer,
        always=AlwaysRecorded(policy, settings),
        genai_only=settings.spans == "genai",
        is_observed=metrics is not None or events is not None or bool(settings.budgets),
        limits=limits,
        read_baggage=_baggage_reader() if settings.read_baggage else None,
    )
    starter.parents.outer = guard.call(outer_context, os.environ) or Context()
    finisher = SpanFinisher(
        settings,
        guard,
        interrupts,
        hooks=hooks,
        renderer=renderer,
        metrics=metrics,
        events=events,
        limits=limits,
        spent=_spending(settings, guard, metrics),
    )
    parts = guard, runs, interrupts, starter, finisher
    evaluations = Evaluations(tracer, logger, renderer or policy, settings.capture_content)
    return Recorder(*parts, evaluations=evaluations, pop_announcement=pop_announcement, metrics=metrics)


def _runs(settings: Settings, guard: Guard) -> RunTable[Run, SpanContext]:
    return RunTable(
        max_open=settings.max_open_runs,
        max_age=settings.max_run_age,
        max_ended=_MAX_ENDED,
        ended_context=Run.span_context,
        evicted=guard.tallies.runs_evicted,
    )


def _spending(settings: Settings, guard: Guard, metrics: Metrics | None) -> Spent | None:
    """Return what knows costs and budgets; it is imported here, because most applications ask for neither."""
    if not settings.cost and settings.prices is None and not settings.budgets:
        return None
    build: Callable[..., Spent] = import_module("langspan.recording.spending").build
    return guard.call(build, settings, guard, metrics)


def _baggage_reader() -> ReadBaggage:
    """Return what reads baggage; it is imported here, because most applications read none."""
    reader: ReadBaggage = import_module("langspan.context.baggage").given_in
    return reader


def _redact(settings: Settings, guard: Guard) -> Redact | None:
    """Return the user's hook so that the values that are dropped because it raises are counted."""
    redact, dropped = settings.redact, guard.tallies.values_dropped
    if redact is None:
        return None

    def counted(value: Any, where: str) -> Any:
        try:
            return redact(value, where)
        except Exception:
            dropped.add()
            raise

    return counted


def _hooks(settings: Settings, guard: Guard) -> RunHooks | None:
    if settings.on_start is None and settings.on_end is None:
        return None
    return RunHooks(guard, settings.on_start, settings.on_end)


def _records(provider: object) -> bool:
    """Whether a provider records at all. Not all of the API's stand-ins are public: known by their names."""
    name = type(provider).__name__
    return not name.startswith(("_Proxy", "Proxy", "NoOp", "_NoOp"))
