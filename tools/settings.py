"""Writes docs/settings.md from the table of settings in the code: `make pages`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import langspan
from support.markdown import code, prose, table

try:
    from langspan._settings import SETTINGS
except ImportError:  # this version of the package has no such table
    SETTINGS = ()

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Made by `make pages` from the table of settings in `src/langspan`: change it there.

An argument of `instrument()` wins over its variable. An empty variable counts as unset. An invalid value
raises `ValueError` in `instrument()`; the message names the setting, the value and the fix.
Nothing raises later.
"""


class Row(NamedTuple):
    """One setting that the package's own table does not have.

    Attributes:
        name: The argument of `instrument()`, or a name for what only a variable sets.
        variable: The environment variable, if there is one.
        default: Its default as text, None if there is none.
        meaning: What it does.
    """

    name: str
    variable: str | None
    default: str | None
    meaning: str


_GLOBAL: Final = "the global one, else built"
_IF_ASKED: Final = "the global one, else built if a variable asks for it"

# What the package's own table does not have.
ELSEWHERE: Final = (
    Row("tracer_provider", None, _GLOBAL, "where spans go"),
    Row("meter_provider", None, _IF_ASKED, "where metrics go"),
    Row("logger_provider", None, _IF_ASKED, "where events go"),
    Row(
        "capture_content",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        "NO_CONTENT",
        "where prompts, answers and other [content](content.md) are recorded: "
        '`True` or `"span"`, `"event"`, `"both"`, `False` or `"none"`; '
        "in the variable `SPAN_ONLY`, `EVENT_ONLY`, `SPAN_AND_EVENT`, `NO_CONTENT`",
    ),
    Row("redact", None, None, "a function that sees [whatever is captured](content.md#redact-it) first"),
    Row("max_content_bytes", "LANGSPAN_MAX_CONTENT_BYTES", "16384", "longest captured value, in bytes"),
    Row("spans", "LANGSPAN_SPANS", "all", "`all` or `genai`, which leaves out chains, steps and nodes"),
    Row(
        "on_start",
        None,
        "none",
        "called as `on_start(span, info)` when a span starts: [your own attributes](recipes/attributes.md)",
    ),
    Row("on_end", None, None, "called as `on_end(span, info)` before a span ends"),
    Row(
        "max_open_runs",
        "LANGSPAN_MAX_OPEN_RUNS",
        "50000",
        "if more runs are open, the [oldest is ended](spans.md#open-runs)",
    ),
    Row("max_run_age", "LANGSPAN_MAX_RUN_AGE", "86400", "seconds after which an open run is ended"),
    Row(
        "export_max_bytes",
        "LANGSPAN_EXPORT_MAX_BYTES",
        "3670016",
        "largest export request in bytes, before compression",
    ),
    Row(
        "file", "LANGSPAN_FILE", "langspan.jsonl", "the file that `OTEL_TRACES_EXPORTER=langspan_file` writes"
    ),
    Row(
        "jaeger_url",
        "LANGSPAN_JAEGER_URL",
        "http://localhost:16686",
        "Jaeger's address in the link that `langspan demo` prints",
    ),
)

# OpenTelemetry's own, where langspan builds the provider: name, default, what they mean here.
STANDARD = (
    (("OTEL_SDK_DISABLED",), "false", "`true`: nothing is patched, nothing is built"),
    (("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"), "unknown_service", "the name of your application"),
    (
        ("OTEL_TRACES_EXPORTER",),
        "otlp",
        "also `console`, `none`, `langspan_file`, a list of these, or one that you have installed",
    ),
    (
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        "http://localhost:4318",
        "where OTLP is sent to",
    ),
    (
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
        "http/protobuf",
        "or `grpc`, which is also the default for an endpoint with port 4317",
    ),
    (("OTEL_EXPORTER_OTLP_COMPRESSION",), "gzip", "`none` turns it off; prompts shrink well"),
    (
        ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_CERTIFICATE"),
        "",
        "as OpenTelemetry specifies them",
    ),
    (
        ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
        "parentbased_always_on",
        "samplers see operation, model, provider and conversation",
    ),
    (
        ("OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        "",
        "the batch processor; defaults are the SDK's",
    ),
    (
        ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"),
        "",
        "set one to have that provider built too: see [Metrics and events](metrics.md)",
    ),
    (
        ("OTEL_SEMCONV_STABILITY_OPT_IN",),
        "",
        "`gen_ai_latest_experimental`: metrics under their newest names",
    ),
    (
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",),
        "",
        "under `opentelemetry-instrument`: instrumentations to leave out; langspan's name is `langspan`",
    ),
)


def rows() -> list[Any]:
    """The settings: those of the package's table, then those that it does not have."""
    told = {key for row in SETTINGS for key in (row.name, row.variable)} - {None}
    return [*SETTINGS, *(row for row in ELSEWHERE if not {row.name, row.variable} & told)]


def render() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_arguments(), *_variables(), *_standard()]).rstrip("\n") + "\n"


def _arguments() -> Iterator[str]:
    yield "## Arguments of `instrument()`\n"
    yield prose("`CallbackHandler` takes the same arguments.")
    known = inspect.signature(langspan.instrument).parameters
    by_name = {row.name: row for row in rows()}
    yield table(
        ("Argument", "Variable", "Default", "Meaning"),
        (
            (code(name), _variable(row), _default(row), row.meaning)
            for name, row in ((name, by_name[name]) for name in known)
        ),
    )


def _variables() -> Iterator[str]:
    yield "## Variables only\n"
    known = inspect.signature(langspan.instrument).parameters
    yield table(
        ("Variable", "Default", "Meaning"),
        (
            (_variable(row), _default(row), row.meaning)
            for row in rows()
            if row.name not in known and row.variable and row.variable.startswith("LANGSPAN_")
        ),
    )


def _standard() -> Iterator[str]:
    yield "## OpenTelemetry's variables\n"
    yield prose(
        "They count where langspan builds the provider. A provider of yours keeps the settings it has. These "
        "matter most:"
    )
    yield table(
        ("Variable", "Default", "Here"),
        (
            (", ".join(map(code, names)), code(default) if default else "", meaning)
            for names, default, meaning in STANDARD
        ),
    )


def _variable(row: Any) -> str:
    return code(row.variable) if row.variable else ""


def _default(row: Any) -> str:
    """A value is code; words that describe one are not."""
    text = "none" if row.default is None else str(row.default)
    return text if text == "none" or " " in text else code(text)


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
