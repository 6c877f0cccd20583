"""`langspan doctor`: report what is installed and configured, and whether spans would arrive."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from langspan.cli import settings_check
from langspan.cli.endpoint import Endpoint, connection_error, endpoint_of, send
from langspan.cli.masking import masked
from langspan.cli.rows import row_of
from langspan.cli.terminal import CliError, Style
from langspan.export import settings

_FINE: Final = "fine"
_NOTE: Final = "note"
_WARNING: Final = "warning"
_PROBLEM: Final = "problem"
_STYLES: Final = {
    _FINE: ("✓", "+", "32"),
    _NOTE: (" ", " ", ""),
    _WARNING: ("!", "!", "33"),
    _PROBLEM: ("✗", "x", "31"),
}
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
_GROUPS: Final = ("opentelemetry_instrumentor", "openinference_instrumentor")
_NEVER_SAMPLES: Final = frozenset({"always_off", "parentbased_always_off"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: its severity, its subject and what was found."""

    level: str
    subject: str
    text: str


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
        ("Other instrumentation", _other_instrumentations(environ)),
        ("Export", _export(environ)),
    )
    levels: list[str] = []
    for title, findings in sections:
        print(style.paint(title, "1"))
        # One by one, because the export takes a moment.
        for finding in findings:
            levels.append(finding.level)
            print(_format_line(finding, style), flush=True)
        print()
    print(_conclusion(levels, style))
    return 1 if _PROBLEM in levels else 0


def _format_line(finding: Finding, style: Style) -> str:
    drawn, plain, colour = _STYLES[finding.level]
    return f"  {style.paint(style.pick(drawn, plain), colour)} {finding.subject:<30} {finding.text}".rstrip()


def _conclusion(levels: Sequence[str], style: Style) -> str:
    problems, warnings = levels.count(_PROBLEM), levels.count(_WARNING)
    parts = [
        f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((problems, _PROBLEM), (warnings, _WARNING)) if n
    ]
    level = _PROBLEM if problems else _WARNING if warnings else _FINE
    return style.paint(", ".join(parts) or "Everything is in place.", _STYLES[level][2])


def _versions() -> Iterator[Finding]:
    yield Finding(_NOTE, "python", platform.python_version())
    for name in _PACKAGES:
        try:
            yield Finding(_NOTE, name, version(name))
        except PackageNotFoundError:
            level = _NOTE if name in _OPTIONAL else _PROBLEM
            yield Finding(level, name, "not installed")


def _environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = sorted(name for name in environ if name.startswith(_PREFIXES))
    if not names:
        yield Finding(_NOTE, "OTEL_*, LANGSPAN_*", "none set, defaults hold")
    for name in names:
        yield Finding(_NOTE, name, masked(name, environ[name]))


def _settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    found = [Finding(_PROBLEM, name, text) for name, text in settings_check.rejected(environ)]
    found += [Finding(_WARNING, name, text) for name, text in settings_check.unknown(environ)]
    yield from found or [Finding(_FINE, "OTEL_*, LANGSPAN_*", "accepted")]


def _other_instrumentations(environ: Mapping[str, str]) -> Iterator[Finding]:
    off = {name.strip() for name in environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")}
    found = list(_competing_packages(point for group in _GROUPS for point in entry_points(group=group)))
    for owner, name in found:
        if name in off:
            yield Finding(_FINE, owner, f"installed, switched off by its name '{name}'")
        else:
            yield Finding(_WARNING, owner, "also traces LangChain: active together, every run has two spans")
    if _langsmith_exports(environ):
        found.append(("langsmith", ""))
        yield Finding(_WARNING, "langsmith", "also exports runs as OpenTelemetry spans: every run has two")
    if not found:
        yield Finding(_FINE, "LangChain", "nothing else traces it")


def _competing_packages(points: Iterable[EntryPoint]) -> list[tuple[str, str]]:
    """Return the other packages that register an instrumentation of LangChain, with its name."""
    return sorted(
        {
            (point.dist.name if point.dist else point.value, point.name)
            for point in points
            if ("langchain" in point.name + point.value or "langgraph" in point.name + point.value)
            and not point.value.startswith("langspan")
        }
    )


def _langsmith_exports(environ: Mapping[str, str]) -> bool:
    flags = (environ.get(f"LANGSMITH_OTEL_{name}", "") for name in ("ENABLED", "ONLY"))
    mode = environ.get("LANGSMITH_TRACING_MODE", "").lower()
    return mode in {"otel", "hybrid"} or any(flag.lower() == "true" for flag in flags)


def _export(environ: Mapping[str, str]) -> Iterator[Finding]:
    blocking = _blocking_setting(environ)
    if blocking is not None:
        yield blocking
        return
    try:
        endpoint = endpoint_of(environ)
    except CliError as error:
        yield Finding(_PROBLEM, "OTLP", str(error))
        return
    refused = connection_error(endpoint)
    if refused is not None:
        yield Finding(_PROBLEM, endpoint.display_url, f"does not answer: {refused}")
        yield Finding(
            _NOTE, "", "start a collector (docker compose up -d) or set OTEL_EXPORTER_OTLP_ENDPOINT"
        )
        return
    yield Finding(_FINE, endpoint.display_url, f"answers ({endpoint.protocol})")
    yield _send_test_span(endpoint, environ)


def _send_test_span(endpoint: Endpoint, environ: Mapping[str, str]) -> Finding:
    span = _test_span()
    trouble = send(endpoint, environ, [span])
    if trouble is not None:
        return Finding(_PROBLEM, "test span", f"was not taken: {trouble}")
    return Finding(_FINE, "test span", f"was taken, trace {row_of(span).trace_id}")


def _blocking_setting(environ: Mapping[str, str]) -> Finding | None:
    """Return the setting, if any, that keeps spans from being exported over OTLP to any endpoint."""
    if settings.disabled(environ):
        return Finding(_PROBLEM, "OTEL_SDK_DISABLED", "turns OpenTelemetry off")
    if environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() in _NEVER_SAMPLES:
        return Finding(_PROBLEM, "OTEL_TRACES_SAMPLER", "samples nothing")
    exporters = settings.exporter_names(environ, "traces") or ()
    if not exporters:
        return Finding(_PROBLEM, "OTEL_TRACES_EXPORTER", "none: spans go nowhere")
    if not any(name.startswith("otlp") for name in exporters):
        return Finding(_NOTE, "OTEL_TRACES_EXPORTER", "no OTLP asked for, so no endpoint to check")
    return None


def _test_span() -> ReadableSpan:
    memory = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("langspan.doctor").start_span("langspan doctor").end()
    provider.shutdown()
    return memory.get_finished_spans()[0]
