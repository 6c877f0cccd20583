"""The instrumentor: reads settings, finds providers, patches, and takes it all apart again."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Collection
from typing import Any, Final, Literal

from opentelemetry._logs import LoggerProvider
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan import export
from langspan._assembly import build_recorder
from langspan._guard import Guard
from langspan._handler import RecordingHandler
from langspan._settings import CaptureContent, Redact, Settings, check_providers
from langspan._slot import Slot
from langspan.patches import embeddings, langgraph, managers, models, retrievers, runnables, tokens, tools
from langspan.patches.ledger import Ledger

_logger = logging.getLogger("langspan")
_SETTINGS: Final = ("capture_content", "redact", "max_content_bytes", "spans")
_PROVIDERS: Final = ("tracer_provider", "meter_provider", "logger_provider")

_slot = Slot()


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
        recorder = build_recorder(
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
    for patch in (managers, models, tokens, tools, retrievers):
        guard.call(patch.install, ledger, guard)
    for recording in (runnables, embeddings, langgraph):
        guard.call(recording.install, ledger, guard, handler)


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
