"""Which providers to use: the ones given, the ones the application has set up, or our own."""

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan.export import settings
from langspan.export.settings import Environ, Signal
from langspan.export.telemetry import Line, Telemetry


def resolve(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    environ: Environ,
    max_bytes: int | None = None,
) -> Telemetry:
    """Find, or else build, the providers that runs are recorded with.

    A provider that is given, or that is set as the global one, is used as it is: nothing is added to it.
    Only where there is neither, one is built from the standard variables and made the global one, so that
    the application's own spans join the same traces. Metrics and logs are built only when a variable asks
    for them. `OTEL_SDK_DISABLED=true` builds nothing.

    A global provider can be set only once in a process. So after a provider that was built here has been
    shut down, the next call builds another for its caller alone, and the global one stays silent.

    Args:
        tracer_provider: Used for spans.
        meter_provider: Used for metrics.
        logger_provider: Used for events.
        environ: The environment, normally `os.environ`. The SDK and the stock exporters read theirs
            from the process whatever is given here.
        max_bytes: The size of one export request before compression, in bytes; by default
            the setting `export_max_bytes`.

    Returns:
        The providers. What was built here is flushed and shut down when the interpreter exits, which takes
        about 2 seconds when the collector does not answer.

    Raises:
        ValueError: A variable has a value that cannot be used; the text says which, and what to do.
    """
    limit = settings.max_bytes(environ) if max_bytes is None else max_bytes
    with ExitStack() as undo:
        traces = _line("traces", tracer_provider, environ, limit, None)
        undo.callback(traces.close)
        # One resource for all three, or a collector could not tell that they are of one process.
        resource = getattr(traces.provider, "resource", None)
        numbers = _line("metrics", meter_provider, environ, limit, resource)
        undo.callback(numbers.close)
        events = _line("logs", logger_provider, environ, limit, resource)
        undo.pop_all()
    # Only now, when nothing can be refused any more: what is set globally cannot be taken back.
    _install("traces", traces)
    _install("metrics", numbers)
    _install("logs", events)
    telemetry = Telemetry(
        traces.provider, numbers.provider, events.provider, _lines=(traces, numbers, events)
    )
    telemetry.shutdown_at_exit()
    return telemetry


def _line(signal: Signal, given: Any, environ: Environ, limit: int, resource: Any) -> Line:
    if given is not None:
        return Line(given)
    get, _ = _globals(signal)
    current = get()
    if not _is_stand_in(current) and not getattr(current, "langspan_closed", False):
        return Line(current)
    names = None if settings.disabled(environ) else settings.exporter_names(environ, signal)
    if names is None:
        return Line(current)
    # Imported only now: the SDK of a signal that nobody asked for costs tens of milliseconds.
    line: Line = import_module(f"langspan.export.{signal}").build(environ, names, limit, resource)
    return line


def _install(signal: Signal, line: Line) -> None:
    get, set_global = _globals(signal)
    if line.owned and _is_stand_in(get()):
        set_global(line.provider)


def _globals(signal: Signal) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    if signal == "traces":
        return trace.get_tracer_provider, trace.set_tracer_provider
    if signal == "metrics":
        return metrics.get_meter_provider, metrics.set_meter_provider
    return _logs.get_logger_provider, _logs.set_logger_provider


def _is_stand_in(provider: Any) -> bool:
    """Tell whether this is what the API hands out while no provider is set.

    Only one of the three classes is public, hence the look at the name. A no-op provider is not a
    stand-in: whoever sets it wants no telemetry.
    """
    kind = type(provider)
    return "Proxy" in kind.__name__ and kind.__module__.partition(".")[0] == "opentelemetry"
