"""Writes docs/settings.md from the table of settings in the code: `make pages`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import langspan
from langspan._settings import SETTINGS
from support.markdown import code, prose, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Made by `make pages` from the table in `src/langspan/_settings.py`: change it there.

An argument of `instrument()` wins over its variable. An empty variable counts as unset. An invalid value
raises `ValueError` in `instrument()`; the message names the setting, the value and the fix.
Nothing raises later.
"""


class Row(NamedTuple):
    """A setting that is no value, and so has no row in the package's table.

    Attributes:
        name: The argument of `instrument()`.
        default: What is used without it.
        meaning: What it does.
        variable: None: no environment variable holds an object.
    """

    name: str
    default: str
    meaning: str
    variable: None = None


_IF_ASKED: Final = "the global one, else built if a variable asks for it"

PROVIDERS: Final = (
    Row("tracer_provider", "the global one, else built", "Where spans go."),
    Row("meter_provider", _IF_ASKED, "Where [metrics](metrics.md) go."),
    Row("logger_provider", _IF_ASKED, "Where [events](metrics.md#events) go."),
)

# OpenTelemetry's own, where langspan builds the provider: name, default, what they mean here.
STANDARD = (
    (("OTEL_SDK_DISABLED",), "false", "`true`: nothing is patched, nothing is built."),
    (("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"), "unknown_service", "The name of your application."),
    (
        ("OTEL_TRACES_EXPORTER",),
        "otlp",
        "Also `console`, `none`, `langspan_file`, a list of these, or one that you have installed.",
    ),
    (
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        "http://localhost:4318",
        "Where OTLP is sent.",
    ),
    (
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
        "http/protobuf",
        "Or `grpc`, which is also the default for an endpoint with port 4317.",
    ),
    (("OTEL_EXPORTER_OTLP_COMPRESSION",), "gzip", "`none` turns it off. Prompts compress well."),
    (
        ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT"),
        "",
        "As OpenTelemetry specifies them; the timeout is in seconds.",
    ),
    (
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        ),
        "",
        "PEM files; a key must have no password. The first wins over `REQUESTS_CA_BUNDLE`.",
    ),
    (
        ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
        "parentbased_always_on",
        "Samplers see operation, model, provider and conversation.",
    ),
    (
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_BSP_EXPORT_TIMEOUT",
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        ),
        "",
        "The batch processor. Defaults are the SDK's. A queue beyond the memory at hand is refused.",
    ),
    (
        ("OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"),
        "",
        "Set one to have that provider built too: see [Metrics and events](metrics.md).",
    ),
    (
        ("OTEL_SEMCONV_STABILITY_OPT_IN",),
        "",
        "`gen_ai_latest_experimental`: metrics under their newest names.",
    ),
    (
        ("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",),
        "",
        "Under `opentelemetry-instrument`: instrumentations to leave out. langspan's name is `langspan`.",
    ),
)


def render() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_arguments(), *_variables(), *_standard()]).rstrip("\n") + "\n"


def _arguments() -> Iterator[str]:
    yield "## Arguments of `instrument()`\n"
    yield prose(
        "`CallbackHandler` takes the same, but for `link_across_processes`, `checkpoints`, `keep`, "
        "`keep_last_traces` and `dialect`. More on them: [content](content.md), "
        "[redaction](content.md#redact-it), [your own attributes](recipes/attributes.md), "
        "[what becomes a span](spans.md)."
    )
    by_name = {row.name: row for row in (*PROVIDERS, *SETTINGS)}
    rows = [by_name[name] for name in inspect.signature(langspan.instrument).parameters]
    yield table(
        ("Argument", "Variable", "Default", "Meaning"),
        ((code(row.name), _variable(row), _default(row), row.meaning) for row in rows),
    )


def _variables() -> Iterator[str]:
    yield "## Variables only\n"
    yield table(
        ("Variable", "Default", "Meaning"),
        (
            (_variable(row), _default(row), row.meaning)
            for row in SETTINGS
            if not row.is_argument and row.variable.startswith("LANGSPAN_")
        ),
    )


def _standard() -> Iterator[str]:
    yield "## OpenTelemetry's variables\n"
    yield prose(
        "They apply if langspan builds the provider. A provider of yours keeps the settings it has. These "
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
