"""The instrumentor: reads settings, finds providers, patches, and takes it all apart again."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from opentelemetry._logs import LoggerProvider
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan import export
from langspan._events import RunHook
from langspan._guard import Guard
from langspan._settings import ARGUMENTS, CaptureContent, Redact, Settings, Spans, UsageSums, check_providers
from langspan.langchain import patches
from langspan.langchain.configure_hook import ConfigureHook
from langspan.langchain.graph_announcements import pop_announcement
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.recording.build import build_recorder

_logger = logging.getLogger("langspan")
_PROVIDERS: Final = ("tracer_provider", "meter_provider", "logger_provider")

_configure_hook = ConfigureHook()


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
        _configure_hook.handler = None
        recorder.guard.call(self._handler.silence)
        recorder.guard.call(self._ledger.undo, recorder.guard)
        recorder.guard.call(recorder.close)
        atexit.unregister(recorder.close)


class LangSpanInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """The instrumentor that `opentelemetry-instrument` finds; `instrument` is the same as a function."""

    # One thread at a time: another would patch the same attributes, and only one handle could undo it.
    lock = threading.RLock()
    _instrumentation: Instrumentation | None = None
    _arguments: Mapping[str, Any] = {}

    def instrumentation_dependencies(self) -> Collection[str]:
        """Packages that must be there for us to do anything."""
        return ("langchain-core >= 1.0",)

    def instrument(self, **kwargs: Any) -> None:
        """Instrument, unless it is done; see `langspan.instrument` for the arguments."""
        with self.lock:
            super().instrument(**kwargs)

    def uninstrument(self, **kwargs: Any) -> None:
        """Undo `instrument`."""
        with self.lock:
            super().uninstrument(**kwargs)

    def _instrument(self, **kwargs: Any) -> None:
        given = {name: kwargs[name] for name in ARGUMENTS if name in kwargs}
        settings = Settings.build(os.environ, **given)
        providers = {name: kwargs.get(name) for name in _PROVIDERS}
        check_providers(**providers)
        telemetry = export.resolve(**providers, environ=os.environ)
        guard = kwargs.get("guard") or Guard()
        recorder = build_recorder(
            settings,
            guard,
            pop_announcement=pop_announcement,
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        handler = RecordingHandler(recorder)
        ledger = Ledger()
        try:
            if not settings.disabled:
                patches.install(ledger, guard, handler)
                _configure_hook.fill(handler)
            self._instrumentation = Instrumentation(telemetry, handler, ledger)
            self._arguments = {name: value for name, value in kwargs.items() if value is not None}
        except BaseException:
            _configure_hook.handler = None
            ledger.undo(guard)
            raise

    def _uninstrument(self, **_kwargs: Any) -> None:
        if self._instrumentation is not None:
            self._instrumentation._stop()  # noqa: SLF001 - the handle is ours
            self._instrumentation, self._arguments = None, {}

    def ensure(self, arguments: Mapping[str, Any]) -> Instrumentation:
        """Instrument, unless it is done, and return the handle.

        Args:
            arguments: Arguments of `langspan.instrument`, without those that are None.

        Raises:
            RuntimeError: langchain-core is missing or too old.
        """
        with self.lock:
            if self._instrumentation is None:
                self.instrument(**arguments)
            else:
                self._warn_of_others(arguments)
            if self._instrumentation is None:
                raise RuntimeError("langchain-core >= 1.0 is needed: pip install -U langchain-core")
            return self._instrumentation

    def _warn_of_others(self, arguments: Mapping[str, Any]) -> None:
        """A second call with the same arguments is what hosts do that run a script again and again."""
        ignored = [
            name for name, value in arguments.items() if not _is_same(value, self._arguments.get(name))
        ]
        if ignored:
            _logger.warning(
                "langspan: already instrumented; %s ignored. Call uninstrument() first.", ", ".join(ignored)
            )

    @property
    def instrumentation(self) -> Instrumentation | None:
        """The handle, while instrumented."""
        return self._instrumentation


def _is_same(value: object, former: object) -> bool:
    """Objects of the application are the same only if they are one: their own `__eq__` is not run."""
    return value is former or (
        isinstance(value, str | int) and isinstance(former, str | int) and value == former
    )


def _start_unlocked() -> None:
    """A forked child starts with a lock of its own: its parent's may be held by a thread it does not have."""
    LangSpanInstrumentor.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_unlocked)

_instrumentor: Final = LangSpanInstrumentor()


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    capture_content: CaptureContent | None = None,
    redact: Redact | None = None,
    max_content_bytes: int | None = None,
    spans: Spans | None = None,
    usage_sums: UsageSums | None = None,
    metadata_keys: Sequence[str] | None = None,
    on_start: RunHook | None = None,
    on_end: RunHook | None = None,
) -> Instrumentation:
    """Trace every LangChain and LangGraph run of this process from now on.

    A second call changes nothing and returns the same handle; with other arguments it logs a warning. Each
    setting's environment variable and default are in the documentation's page of settings.

    Args:
        tracer_provider: Where spans go. By default the global provider, and if the application has set none,
            one built from the standard `OTEL_*` variables.
        meter_provider: Where metrics go; found in the same way.
        logger_provider: Where log events go; found in the same way.
        capture_content: Record prompts, completions, tool arguments and results, documents and exception
            messages: True or "span" on spans, "event" on events, "both". Off unless asked for.
        redact: Called as `redact(value, where)` with every captured value; what it returns is recorded.
            If it raises, the value is dropped.
        max_content_bytes: Longest captured value, in bytes of UTF-8.
        spans: "all" runs, or "genai" operations only.
        usage_sums: Where the tokens of model calls are summed up: "all" on agents and on roots of traces,
            "agents" on agents only, or "none".
        metadata_keys: Keys of the application's own metadata to record as attributes, even with content off.
        on_start: Called as `on_start(span, run_info)` when a recorded span has started, with a `RunInfo`.
            Set attributes of your own there. If it raises, that is logged, and the run goes on.
        on_end: Called as `on_end(span, run_info)` just before the span ends; the same otherwise.

    Returns:
        A handle to flush, shut down or stop.

    Raises:
        ValueError: A setting has an invalid value; the message names the setting, the value and the fix.
        TypeError: A function is expected and the value is none, or a provider is none.
        RuntimeError: langchain-core is missing or too old.
    """
    arguments = {
        "tracer_provider": tracer_provider,
        "meter_provider": meter_provider,
        "logger_provider": logger_provider,
        "capture_content": capture_content,
        "redact": redact,
        "max_content_bytes": max_content_bytes,
        "spans": spans,
        "usage_sums": usage_sums,
        "metadata_keys": metadata_keys,
        "on_start": on_start,
        "on_end": on_end,
    }
    return _instrumentor.ensure({name: value for name, value in arguments.items() if value is not None})


def uninstrument() -> None:
    """Stop tracing: every patched attribute is the original again, and open runs' spans are ended."""
    with _instrumentor.lock:
        if _instrumentor.instrumentation is not None:
            _instrumentor.uninstrument()
