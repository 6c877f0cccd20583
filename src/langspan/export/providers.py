"""The choice of providers: those passed in, the global ones, or new ones built from the variables."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import NoOpTracerProvider, TracerProvider

from langspan._export_settings import DIALECT, FLUSH_ON_SIGTERM, KEEP, KEEP_LAST_TRACES
from langspan.export import settings
from langspan.export.pipeline import Pipeline
from langspan.export.settings import Environ, Signal
from langspan.export.telemetry import Telemetry

if TYPE_CHECKING:
    from langspan._keep import Keep
    from langspan.export.last_traces import LastTraces

_SDK_SETTINGS: Final = "langspan.export.sdk_settings"


def resolve(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    environ: Environ,
    max_bytes: int | None = None,
    keep: Keep | None = None,
    keep_last_traces: int | None = None,
    dialect: Any = None,
) -> Telemetry:
    """Find or build the providers that runs are recorded with.

    A provider that is passed in or set globally is used unchanged. If there is neither, one is built from
    the standard variables and set globally, so that the application's own spans join the same traces.
    Providers for metrics and logs are built only if a variable enables the signal. With
    `OTEL_SDK_DISABLED=true`, none is built.

    A global provider can be set only once per process. So once a provider that was built here is shut down,
    the next call builds another one for its caller alone, and the global one stays shut down.

    Args:
        tracer_provider: The provider for spans, if the caller has one.
        meter_provider: The provider for metrics, if the caller has one.
        logger_provider: The provider for log events, if the caller has one.
        environ: The environment, normally `os.environ`. The SDK and the stock exporters always read their
            own variables from the process environment.
        max_bytes: The largest export request in bytes, before compression; by default the setting
            `export_max_bytes`.
        keep: Which traces are exported; by default the setting `keep`.
        keep_last_traces: How many traces that ended stay in memory; by default the setting of that name.
        dialect: The dialects that they are exported in besides; by default the setting `dialect`.

    Returns:
        The providers. Those that were built here are flushed and shut down when the interpreter exits,
        which takes about 2 seconds if the collector does not answer.

    Raises:
        ValueError: A variable has an invalid value; the message names the variable, the value and the fix.
    """
    limit = settings.max_bytes(environ) if max_bytes is None else max_bytes
    flush_on_sigterm, kept = FLUSH_ON_SIGTERM.read(environ), KEEP_LAST_TRACES.read(environ, keep_last_traces)
    keep, dialects = KEEP.read(environ, keep), DIALECT.read(environ, dialect)
    given: dict[Signal, Any] = {"traces": tracer_provider, "metrics": meter_provider, "logs": logger_provider}
    for signal in (signal for signal, provider in given.items() if provider is None):
        # Before anything is built, because the parts of the SDK ask for the global providers too.
        _global_provider(environ, signal)
    with ExitStack() as undo:
        traces_pipeline = _pipeline("traces", tracer_provider, environ, limit, None, keep, dialects)
        undo.callback(traces_pipeline.close)
        _check_wishes(keep, dialects, traces_pipeline.provider)
        # All three share one resource, so that a collector sees that they come from one process.
        resource = getattr(traces_pipeline.provider, "resource", None)
        metrics_pipeline = _pipeline("metrics", meter_provider, environ, limit, resource)
        undo.callback(metrics_pipeline.close)
        logs_pipeline = _pipeline("logs", logger_provider, environ, limit, resource)
        undo.callback(logs_pipeline.close)
        last_traces = _last_traces(traces_pipeline.provider, kept)
        undo.pop_all()
    # Last, when nothing can fail any more, because a global provider cannot be unset.
    _set_global("traces", traces_pipeline)
    _set_global("metrics", metrics_pipeline)
    _set_global("logs", logs_pipeline)
    _observe(metrics_pipeline.provider, traces_pipeline, logs_pipeline)
    telemetry = Telemetry(
        traces_pipeline.provider,
        metrics_pipeline.provider,
        logs_pipeline.provider,
        flush_on_sigterm=flush_on_sigterm,
        last_traces=last_traces,
        _pipelines=(traces_pipeline, metrics_pipeline, logs_pipeline),
    )
    telemetry.shutdown_at_exit()
    return telemetry


def _pipeline(
    signal: Signal, given: Any, environ: Environ, limit: int, resource: Any, *of_signal: Any
) -> Pipeline:
    if given is not None:
        return Pipeline(given)
    current = _global_provider(environ, signal)
    if not _is_placeholder(current) and not getattr(current, "langspan_closed", False):
        return Pipeline(current)
    names = None if settings.disabled(environ) else settings.exporter_names(environ, signal)
    if names is None:
        return Pipeline(current)
    settings.check_exporters(environ, signal)
    # Imported here, because most processes have a provider, and the SDK of a signal that is not enabled costs
    # tens of milliseconds.
    import_module(_SDK_SETTINGS).check(environ, signal)
    pipeline: Pipeline = import_module(f"langspan.export.{signal}").build(
        environ, names, limit, resource, *of_signal
    )
    return pipeline


def _observe(meter_provider: Any, traces_pipeline: Pipeline, logs_pipeline: Pipeline) -> None:
    for pipeline, words in ((traces_pipeline, ("span", "span")), (logs_pipeline, ("log", "log_record"))):
        if pipeline.accounts:
            observe = import_module("langspan.export.self_metrics").observe
            observe(meter_provider, *words, list(pipeline.accounts))


def _last_traces(provider: Any, count: int | None) -> LastTraces | None:
    """Have a provider keep its last traces, if anybody wants to look at them.

    Raises:
        ValueError: It cannot.
    """
    if count == 0 or _is_placeholder(provider) or isinstance(provider, NoOpTracerProvider):
        return None
    if count is None and not (hasattr(provider, "langspan_closed") and "ipykernel" in sys.modules):
        return None
    keeping = import_module("langspan.export.last_traces")
    if count is None:
        count = keeping.IN_A_KERNEL if keeping.is_kernel() else 0
    return keeping.keep_last_of(provider, count) if count else None


def _check_wishes(keep: Keep | None, dialects: tuple[str, ...], provider: Any) -> None:
    """Check that whoever wants to keep some traces only, or dialects, has a provider that does so.

    Raises:
        ValueError: It is the application's, or was built before without it.
    """
    if keep is not None and _is_real(provider) and getattr(provider, "langspan_keep", None) != keep:
        raise ValueError(
            "keep applies to the tracer provider that langspan builds, and there is another one already;"
            " wrap its span processor: langspan.KeepSpanProcessor(langspan.Keep(...), processor)"
        )
    if dialects and _is_real(provider) and getattr(provider, "langspan_dialects", ()) != dialects:
        raise ValueError(
            "dialect applies to the tracer provider that langspan builds, and there is another one already;"
            f" wrap its span processor: langspan.DialectSpanProcessor({list(dialects)}, processor)"
        )


def _is_real(provider: Any) -> bool:
    return not (_is_placeholder(provider) or isinstance(provider, NoOpTracerProvider))


def _global_provider(environ: Environ, signal: Signal) -> Any:
    get, _ = _global_accessors(signal)
    try:
        return get()
    except Exception:
        # The API loads the provider that a variable names, and says no more than that the iteration stopped.
        import_module(_SDK_SETTINGS).check_provider(environ, signal)
        raise


def _set_global(signal: Signal, pipeline: Pipeline) -> None:
    get, set_global = _global_accessors(signal)
    if pipeline.owned and _is_placeholder(get()):
        set_global(pipeline.provider)


def _global_accessors(signal: Signal) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    if signal == "traces":
        return trace.get_tracer_provider, trace.set_tracer_provider
    if signal == "metrics":
        return metrics.get_meter_provider, metrics.set_meter_provider
    return _logs.get_logger_provider, _logs.set_logger_provider


def _is_placeholder(provider: Any) -> bool:
    """Return whether this is what the API returns while no provider is set.

    It checks the name because only one of the three classes is public. A no-op provider is not a
    placeholder: whoever sets it wants no telemetry.
    """
    kind = type(provider)
    return "Proxy" in kind.__name__ and kind.__module__.partition(".")[0] == "opentelemetry"
