"""Assembles a recorder from settings and providers, and the callback handler that is used by itself."""

from __future__ import annotations

import logging
import os
from importlib import metadata
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan._guard import Guard
from langspan._handler import RecordingHandler
from langspan._log_events import LogEvents, is_supported
from langspan._metrics import Metrics
from langspan._recorder import Recorder
from langspan._settings import CaptureContent, Content, Redact, Settings, check_providers
from langspan.conventions.names import SCHEMA_URL

_logger = logging.getLogger("langspan")
_SCOPE: Final = "langspan"
_VERSION: Final = metadata.version("langspan")


def build_recorder(
    settings: Settings,
    guard: Guard,
    *,
    tracer_provider: TracerProvider | None,
    meter_provider: MeterProvider | None,
    logger_provider: LoggerProvider | None,
) -> Recorder:
    """Build a recorder; metrics and events only where somebody listens to them.

    Args:
        settings: What the user asked for.
        guard: The error boundary.
        tracer_provider: Where spans go; the global provider by default.
        meter_provider: Where metrics go; nowhere by default.
        logger_provider: Where events go; nowhere by default.
    """
    metrics = events = None
    if meter_provider is not None and _listens(meter_provider):
        meter = meter_provider.get_meter(_SCOPE, _VERSION, SCHEMA_URL)
        metrics = Metrics(meter, latest=settings.latest_metrics)
    if logger_provider is not None and _listens(logger_provider):
        if is_supported():
            events = LogEvents(logger_provider.get_logger(_SCOPE, _VERSION, SCHEMA_URL))
        elif Content.EVENT in settings.capture_content:
            _logger.warning("langspan: this OpenTelemetry has no events; upgrade it to record content there")
    tracer = trace.get_tracer(_SCOPE, _VERSION, tracer_provider, SCHEMA_URL)
    return Recorder(tracer, settings, guard, metrics, events)


def _listens(provider: object) -> bool:
    """Whether anybody listens: the API's stand-ins and no-ops are told by their names, not all are public."""
    name = type(provider).__name__
    return not name.startswith(("_Proxy", "Proxy", "NoOp", "_NoOp"))


class CallbackHandler(RecordingHandler):
    """A LangChain callback handler that records runs as spans, without patching anything.

    Pass it in ``config={"callbacks": [handler]}`` or to a model's constructor. It links spans by run id;
    only `instrument` can also make them current inside the runs' own code.

    Args:
        tracer_provider: Where spans go; the global provider by default.
        meter_provider: Where metrics go; nowhere by default.
        logger_provider: Where events go; nowhere by default.
        capture_content: See `instrument`.
        redact: See `instrument`.
        max_content_bytes: See `instrument`.
        spans: See `instrument`.

    Raises:
        ValueError: A setting has a value that means nothing; the message names it and the fix.
        TypeError: ``redact`` is not callable, or a provider is none.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        *,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        capture_content: CaptureContent | None = None,
        redact: Redact | None = None,
        max_content_bytes: int | None = None,
        spans: Literal["all", "genai"] | None = None,
    ) -> None:
        check_providers(tracer_provider, meter_provider, logger_provider)
        settings = Settings.build(
            os.environ,
            capture_content=capture_content,
            redact=redact,
            max_content_bytes=max_content_bytes,
            spans=spans,
        )
        super().__init__(
            build_recorder(
                settings,
                Guard(),
                tracer_provider=tracer_provider,
                meter_provider=meter_provider,
                logger_provider=logger_provider,
            )
        )
