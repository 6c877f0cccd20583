"""`langspan doctor`: report what is installed and configured, and whether spans would arrive."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from langspan.cli import settings_check
from langspan.cli.endpoint import Endpoint, connection_error, endpoint_of, send
from langspan.cli.findings import FINE, NOTE, PROBLEM, STYLES, WARNING, Finding
from langspan.cli.masking import masked
from langspan.cli.network import network
from langspan.cli.others import other_instrumentations
from langspan.cli.rows import row_of
from langspan.cli.terminal import CliError, Style
from langspan.export import settings

_PACKAGES: Final = (
    "langspan",
    "langchain-core",
    "langchain",
    "langgraph",
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp",
    "opentelemetry-instrumentation",
    "wrapt",
)
_OPTIONAL: Final = frozenset({"langchain", "langgraph"})
_PREFIXES: Final = ("OTEL_", "LANGSPAN_", "LANGSMITH_OTEL", "LANGSMITH_TRACING")
_SERVICE: Final = "langspan-doctor"
_NEVER_SAMPLES: Final = frozenset({"always_off", "parentbased_always_off"})


def run(environ: Mapping[str, str], style: Style) -> int:
    """Print the report.

    Args:
        environ: The process environment.
        style: How to draw.

    Returns:
        The exit code: 1 if something keeps spans from arriving, else 0.
    """
    sections = (
        ("Versions", _versions()),
        ("Environment", _environment(environ)),
        ("Settings", _settings(environ)),
        ("Other instrumentation", other_instrumentations(environ)),
        ("Export", _export(environ)),
    )
    levels: list[str] = []
    for title, findings in sections:
        print(style.paint(title, "1"))
        # One by one, because the export takes a moment.
        for finding in findings:
            levels.append(finding.level)
            print(finding.line(style), flush=True)
        print()
    print(_conclusion(levels, style))
    return 1 if PROBLEM in levels else 0


def _conclusion(levels: Sequence[str], style: Style) -> str:
    problems, warnings = levels.count(PROBLEM), levels.count(WARNING)
    parts = [
        f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((problems, PROBLEM), (warnings, WARNING)) if n
    ]
    level = PROBLEM if problems else WARNING if warnings else FINE
    return style.paint(", ".join(parts) or "Everything is in place.", STYLES[level][2])


def _versions() -> Iterator[Finding]:
    yield Finding(NOTE, "python", platform.python_version())
    for name in _PACKAGES:
        try:
            yield Finding(NOTE, name, version(name))
        except PackageNotFoundError:
            level = NOTE if name in _OPTIONAL else PROBLEM
            yield Finding(level, name, "not installed")


def _environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = sorted(name for name in environ if name.startswith(_PREFIXES))
    if not names:
        yield Finding(NOTE, "OTEL_*, LANGSPAN_*", "none set, defaults hold")
    for name in names:
        yield Finding(NOTE, name, masked(name, environ[name]))


def _settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    found = [Finding(PROBLEM, name, text) for name, text in settings_check.rejected(environ)]
    found += [Finding(WARNING, name, text) for name, text in settings_check.unknown(environ)]
    yield from found or [Finding(FINE, "OTEL_*, LANGSPAN_*", "accepted")]


def _export(environ: Mapping[str, str]) -> Iterator[Finding]:
    blocking = _blocking_setting(environ)
    if blocking is not None:
        yield blocking
        return
    try:
        endpoint = endpoint_of(environ)
    except CliError as error:
        yield Finding(PROBLEM, "OTLP", str(error))
        return
    yield from network(environ, endpoint)
    refused = connection_error(endpoint)
    if refused is not None:
        yield Finding(PROBLEM, endpoint.display_url, f"does not answer: {refused}")
        yield Finding(
            NOTE, "", "start a collector (docker compose up -d --wait) or set OTEL_EXPORTER_OTLP_ENDPOINT"
        )
        return
    yield Finding(FINE, endpoint.display_url, f"answers ({endpoint.protocol})")
    yield _send_test_span(endpoint, environ)


def _send_test_span(endpoint: Endpoint, environ: Mapping[str, str]) -> Finding:
    span = _test_span()
    trouble = send(endpoint, environ, [span])
    if trouble is not None:
        return Finding(PROBLEM, "test span", f"was not taken: {trouble}")
    return Finding(FINE, "test span", f"was taken, trace {row_of(span).trace_id}")


def _blocking_setting(environ: Mapping[str, str]) -> Finding | None:
    """Return the setting, if any, that keeps spans from being exported over OTLP to any endpoint."""
    if settings.disabled(environ):
        return Finding(PROBLEM, "OTEL_SDK_DISABLED", "turns OpenTelemetry off")
    if environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() in _NEVER_SAMPLES:
        return Finding(PROBLEM, "OTEL_TRACES_SAMPLER", "samples nothing")
    exporters = settings.exporter_names(environ, "traces") or ()
    if not exporters:
        return Finding(PROBLEM, "OTEL_TRACES_EXPORTER", "none: spans go nowhere")
    if not any(name.startswith("otlp") for name in exporters):
        return Finding(NOTE, "OTEL_TRACES_EXPORTER", "no OTLP asked for, so no endpoint to check")
    return None


def _test_span() -> ReadableSpan:
    memory = InMemorySpanExporter()
    # A service of its own: the application's would have an operation that it never had.
    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({"service.name": _SERVICE}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("langspan.doctor").start_span("langspan doctor").end()
    provider.shutdown()
    return memory.get_finished_spans()[0]
