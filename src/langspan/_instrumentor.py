"""The composition root: builds the parts, wires them, and takes them apart again."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Collection
from importlib import metadata
from typing import Any, Final, Literal

from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.context import register_configure_hook
from opentelemetry import trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan import export
from langspan._guard import Guard
from langspan._handler import RecordingHandler
from langspan._log_events import LogEvents, is_supported
from langspan._metrics import Metrics
from langspan._recorder import Recorder
from langspan._settings import CaptureContent, Content, Redact, Settings, check_providers
from langspan.conventions.names import SCHEMA_URL
from langspan.patches import langgraph, managers, models, retrievers, runnables, tokens, tools
from langspan.patches.ledger import Ledger

_logger = logging.getLogger("langspan")
_SCOPE: Final = "langspan"
_SETTINGS: Final = ("capture_content", "redact", "max_content_bytes", "spans")
_PROVIDERS: Final = ("tracer_provider", "meter_provider", "logger_provider")
_VERSION: Final = metadata.version("langspan")

# LangGraph's TracePolicy redacts what it shows to tracers. We are one, but inheriting from BaseTracer would
# cost many times more per event.
BaseTracer.register(RecordingHandler)


class _IsListening(type):
    def __instancecheck__(cls, handler: object) -> bool:
        return isinstance(handler, RecordingHandler) and not handler.ignore_chain


class _Listening(metaclass=_IsListening):
    """Handlers of ours that were not silenced: a silenced one lives on in callbacks that somebody keeps."""


class _Slot:
    """What LangChain asks for a handler each time it configures a run's callbacks.

    It stands in for a ContextVar, which threads started elsewhere would not see. LangChain has no way to
    unregister it, so an empty slot is how to be absent.
    """

    def __init__(self) -> None:
        self.handler: RecordingHandler | None = None
        self._registered = False

    def get(self) -> RecordingHandler | None:
        return self.handler

    def fill(self, handler: RecordingHandler) -> None:
        self.handler = handler
        if not self._registered:
            # Inheritable, and a handler of ours that the user passes takes its place.
            register_configure_hook(self, inheritable=True, handle_class=_Listening)  # type: ignore[arg-type]
            self._registered = True


_slot = _Slot()


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
        recorder = _recorder(
            settings,
            Guard(),
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            logger_provider=logger_provider,
        )
        super().__init__(recorder)


def _recorder(
    settings: Settings,
    guard: Guard,
    *,
    tracer_provider: TracerProvider | None,
    meter_provider: MeterProvider | None,
    logger_provider: LoggerProvider | None,
) -> Recorder:
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


class Instrumentation:
    """What `instrument` gives back: the way to flush, and to stop.

    Args:
        telemetry: The providers that are recorded with.
        handler: The handler that LangChain's runs carry.
        ledger: The patches.
    """

    def __init__(self, telemetry: export.Telemetry, handler: RecordingHandler, ledger: Ledger) -> None:
        self._telemetry = telemetry
        self._handler = handler
        self._ledger = ledger
        atexit.register(self._handler.recorder.close)

    @property
    def open_runs(self) -> int:
        """How many runs have started and not ended yet; what only grows is a leak."""
        return len(self._handler.recorder)

    def flush(self, timeout: float = 5.0) -> bool:
        """Export everything that has ended so far.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all of it was exported in time.
        """
        return self._telemetry.flush(timeout)

    def shutdown(self, timeout: float = 5.0) -> None:
        """Stop tracing, export the rest, and shut down the providers that `instrument` built.

        Args:
            timeout: Seconds to wait at most.
        """
        self.uninstrument()
        self._telemetry.shutdown(timeout)

    def uninstrument(self) -> None:
        """Stop tracing: put every patched attribute back and end the spans of open runs."""
        if LangSpanInstrumentor().instrumentation is self:
            uninstrument()

    def _stop(self) -> None:
        recorder = self._handler.recorder
        _slot.handler = None
        recorder.guard.call(self._handler.silence)
        recorder.guard.call(self._ledger.undo, recorder.guard)
        recorder.guard.call(recorder.close)
        atexit.unregister(recorder.close)


class LangSpanInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """The instrumentor that ``opentelemetry-instrument`` finds; `instrument` is the same as a function."""

    _instrumentation: Instrumentation | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Packages that must be there for us to do anything."""
        return ("langchain-core >= 1.0",)

    def _instrument(self, **kwargs: Any) -> None:
        settings = Settings.build(os.environ, **{name: kwargs[name] for name in _SETTINGS if name in kwargs})
        providers = {name: kwargs.get(name) for name in _PROVIDERS}
        check_providers(**providers)
        telemetry = export.resolve(**providers, environ=os.environ)
        guard = kwargs.get("guard") or Guard()
        recorder = _recorder(
            settings,
            guard,
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        handler = RecordingHandler(recorder)
        ledger = Ledger()
        try:
            if not settings.disabled:
                _patch(ledger, guard, handler)
                _slot.fill(handler)
            self._instrumentation = Instrumentation(telemetry, handler, ledger)
        except BaseException:
            _slot.handler = None
            ledger.undo(guard)
            raise

    def _uninstrument(self, **_kwargs: Any) -> None:
        if self._instrumentation is not None:
            self._instrumentation._stop()  # noqa: SLF001 - the handle is ours
            self._instrumentation = None

    @property
    def instrumentation(self) -> Instrumentation | None:
        """The handle, while instrumented."""
        return self._instrumentation


def _patch(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    for patch in (runnables, managers, models, tokens, tools, retrievers):
        guard.call(patch.install, ledger, guard)
    guard.call(langgraph.install, ledger, guard, handler)


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    capture_content: CaptureContent | None = None,
    redact: Redact | None = None,
    max_content_bytes: int | None = None,
    spans: Literal["all", "genai"] | None = None,
) -> Instrumentation:
    """Trace every LangChain and LangGraph run of this process from now on.

    A second call changes nothing and returns the same handle.

    Args:
        tracer_provider: Where spans go. By default the global provider, and if the application has set none,
            one built from the standard ``OTEL_*`` variables.
        meter_provider: Where metrics go; found in the same way.
        logger_provider: Where events go; found in the same way.
        capture_content: Record prompts, completions, tool arguments and results, documents and exception
            messages: True or "span" on spans, "event" on events, "both". By default the variable
            ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` decides; without it nothing is recorded.
        redact: Called as ``redact(value, where)`` with every captured value; what it returns is recorded.
            If it raises, the value is dropped.
        max_content_bytes: Longest captured value, in bytes (``LANGSPAN_MAX_CONTENT_BYTES``, 16384).
        spans: "all" runs, or "genai" operations only (``LANGSPAN_SPANS``, all).

    Returns:
        A handle to flush, shut down or stop.

    Raises:
        ValueError: A setting has a value that means nothing; the message names it and the fix.
        TypeError: ``redact`` is not callable, or a provider is none.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    instrumentor = LangSpanInstrumentor()
    if instrumentor.instrumentation is None:
        instrumentor.instrument(**given)
    elif given:
        ignored = ", ".join(given)
        _logger.warning("langspan: already instrumented; %s ignored. Call uninstrument() first.", ignored)
    if instrumentor.instrumentation is None:
        raise RuntimeError("langchain-core >= 1.0 is needed: pip install -U langchain-core")
    return instrumentor.instrumentation


def uninstrument() -> None:
    """Stop tracing: every patched attribute is the original again, and open runs' spans are ended."""
    instrumentor = LangSpanInstrumentor()
    if instrumentor.instrumentation is not None:
        instrumentor.uninstrument()
