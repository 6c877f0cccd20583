"""The instrumentor: it reads the settings, resolves the providers, installs the patches and undoes them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

try:
    from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
except ValueError as error:  # it looks for the propagators, and its error names no variable
    named = f"OTEL_PROPAGATORS={os.environ.get('OTEL_PROPAGATORS')!r}"
    raise ValueError(f"{named} is invalid: {error} Correct or unset it") from error

from langspan import export
from langspan._capture import CaptureContent
from langspan._events import RunHook
from langspan._guard import Guard
from langspan._instrumentation import Instrumentation
from langspan._setting_parsers import Redact, Spans, UsageSums, check_providers, is_same
from langspan._settings import ARGUMENTS, Settings
from langspan.langchain import patches
from langspan.langchain.configure_hook import ConfigureHook
from langspan.langchain.graph_announcements import pop_announcement
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.recording.build import build_recorder
from langspan.recording.recorder import Recorder

if TYPE_CHECKING:
    from langspan._budgets import Budget
    from langspan._keep import Keep
    from langspan._prices import Price
    from langspan.export.last_traces import LastTraces

_logger = logging.getLogger("langspan")
_PROVIDERS: Final = ("tracer_provider", "meter_provider", "logger_provider")

_configure_hook = ConfigureHook()


class LangSpanInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """The instrumentor that `opentelemetry-instrument` loads; `instrument` is its functional form."""

    # A second thread would patch the same attributes, and only one handle could undo that.
    lock = threading.RLock()
    _instrumentation: Instrumentation | None = None
    _arguments: Mapping[str, Any] = {}

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the packages that must be installed, as requirement specifiers."""
        return ("langchain-core >= 1.0",)

    def instrument(self, **kwargs: Any) -> None:
        """Instrument LangChain unless that is done; see `langspan.instrument` for the arguments."""
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
        of_export = {name: kwargs.get(name) for name in ("keep", "keep_last_traces", "dialect")}
        telemetry = export.resolve(**providers, environ=os.environ, **of_export)
        guard = kwargs.get("guard") or Guard()
        recorder = build_recorder(
            settings,
            guard,
            pop_announcement=pop_announcement,
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        recorder.evaluations.on_evaluated = telemetry.on_evaluated
        handler = RecordingHandler(recorder)
        ledger = Ledger()
        try:
            if not settings.disabled:
                patches.install(ledger, guard, handler)
                _configure_hook.fill(handler)
            self._instrumentation = Instrumentation(telemetry, handler, ledger, self._undo)
            self._arguments = {name: value for name, value in kwargs.items() if value is not None}
        except BaseException:
            _configure_hook.handler = None
            ledger.undo(guard)
            raise

    def _uninstrument(self, **_kwargs: Any) -> None:
        if self._instrumentation is not None:
            _configure_hook.handler = None
            self._instrumentation._stop()  # noqa: SLF001 - the handle is ours
            self._instrumentation, self._arguments = None, {}

    def _undo(self, instrumentation: Instrumentation) -> None:
        with self.lock:
            if self._instrumentation is instrumentation:
                self.uninstrument()

    def ensure(self, arguments: Mapping[str, Any]) -> Instrumentation:
        """Instrument LangChain unless that is done, and return the handle.

        Args:
            arguments: The arguments of `langspan.instrument`, without those that are None.

        Raises:
            RuntimeError: `langchain-core` is missing or too old.
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
        """Warn of changed arguments only: an application may run the same set-up again and again."""
        former = self._arguments
        ignored = [name for name, value in arguments.items() if not is_same(value, former.get(name))]
        if ignored:
            _logger.warning(
                "langspan: already instrumented; %s ignored. Call uninstrument() first.", ", ".join(ignored)
            )

    @property
    def instrumentation(self) -> Instrumentation | None:
        """The handle while LangChain is instrumented, else None."""
        return self._instrumentation


def _start_unlocked() -> None:
    """Replace the lock in a forked child: the parent's may be held by a thread that the child lacks."""
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
    cost: bool | None = None,
    prices: Mapping[str, Price] | None = None,
    budgets: Sequence[Budget] | None = None,
    metadata_keys: Sequence[str] | None = None,
    link_across_processes: bool | None = None,
    checkpoints: bool | None = None,
    read_baggage: bool | None = None,
    keep: Keep | None = None,
    keep_last_traces: int | None = None,
    dialect: str | Sequence[str] | None = None,
    on_start: RunHook | None = None,
    on_end: RunHook | None = None,
) -> Instrumentation:
    """Trace every LangChain and LangGraph run of this process from now on.

    A second call changes nothing and returns the same handle; with different arguments it logs a warning.
    The settings page of the documentation lists the environment variable and the default of each setting.

    Args:
        tracer_provider: The provider for spans. By default the global one or, if the application has not set
            one, a provider built from the standard `OTEL_*` variables.
        meter_provider: The provider for metrics: the global one or, if a variable enables metrics, a new one.
        logger_provider: The provider for log events, likewise.
        capture_content: Where prompts, completions, tool arguments and results, documents and exception
            messages are recorded: `True` or `"span"` on spans, `"event"` on events, or `"both"`. By default
            nowhere. A set such as `{"input", "output"}` records these fields only.
        redact: Called as `redact(value, where)` with every captured value; its result is recorded instead.
            If it raises, the value is dropped.
        max_content_bytes: The longest captured value, in bytes of UTF-8. Longer ones are shortened.
        spans: The runs that become spans: `"all"`, or `"genai"` for GenAI operations only.
        usage_sums: Where the tokens of model calls are summed up: `"all"` on agents and on roots of traces,
            `"agents"` on agents only, or `"none"`.
        cost: Record what model calls cost, by the prices of `genai-prices`: `pip install 'langspan[cost]'`.
        prices: Your own prices by model. They turn `cost` on.
        budgets: What model calls may use together in a trace, a conversation or for a user, and whom to tell.
        metadata_keys: Keys of the application's own metadata to record as attributes, even with content off.
        link_across_processes: Keep a graph's trace context in the metadata of its checkpoints, and link a run
            that goes on in another process to it.
        checkpoints: Make a span of each write and read of a checkpoint.
        read_baggage: Take the ids, tags and metadata that `langspan.context` of another process sent along.
        keep: Which traces are exported, by default all. It needs a tracer provider that langspan builds.
        keep_last_traces: How many traces that ended stay in memory, for `last_trace`; by default 10 in the
            kernel of a notebook, if langspan builds the tracer provider, and none elsewhere.
        dialect: What spans say besides, for other readers: `"openinference"` for Phoenix, `"langfuse"`, or a
            list of both. It needs a tracer provider that langspan builds.
        on_start: Called as `on_start(span, run_info)` when a recorded span has started, with a `RunInfo`, to
            set additional attributes. If it raises, the error is logged and the run goes on.
        on_end: Called as `on_end(span, run_info)` just before the span ends, likewise.

    Returns:
        The handle to flush, shut down or stop tracing.

    Raises:
        ValueError: A setting has an invalid value; the message names the setting, the value and the fix.
        TypeError: A function or a provider is expected, and the value is not one.
        RuntimeError: `langchain-core` is missing or too old.
    """
    arguments = dict(locals())  # before there is any other local name: every parameter, and none forgotten
    return _instrumentor.ensure({name: value for name, value in arguments.items() if value is not None})


def uninstrument() -> None:
    """Stop tracing: restore every patched attribute and end the spans of open runs."""
    with _instrumentor.lock:
        if _instrumentor.instrumentation is not None:
            _instrumentor.uninstrument()


def running_last_traces() -> LastTraces | None:
    """Return what keeps the last traces that ended, if anything does."""
    running = _instrumentor.instrumentation
    return None if running is None else running._telemetry.last_traces  # noqa: SLF001 - the handle is ours


def running_recorder() -> Recorder | None:
    """Return who records runs while LangChain is instrumented and tracing is not disabled, else None."""
    handler = _configure_hook.handler
    return None if handler is None else handler.recorder
