"""The variables that OpenTelemetry's API and SDK read themselves, and would ignore if they mean nothing.

An unknown sampler samples everything, an unknown detector is left out, each with a line in the log at most.
"""

from __future__ import annotations

from typing import Final

from langspan.export.settings import Environ, Signal, check_installed, check_word, value_of

_SAMPLERS: Final = (
    "always_on",
    "always_off",
    "parentbased_always_on",
    "parentbased_always_off",
    "traceidratio",
    "parentbased_traceidratio",
)
_LOG_LEVELS: Final = frozenset(
    {"all", "critical", "debug", "error", "fatal", "info", "none", "notset", "trace", "verbose", "warn"}
    | {"warning"}
)
_WORDS: Final = {
    "metrics": {
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": ("cumulative", "delta", "lowmemory"),
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": (
            "explicit_bucket_histogram",
            "base2_exponential_bucket_histogram",
        ),
        "OTEL_METRICS_EXEMPLAR_FILTER": ("always_on", "always_off", "trace_based"),
    },
}
_LIMITS: Final = {
    "traces": (
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    ),
    "logs": ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
}
_PROPAGATORS: Final = "OTEL_PROPAGATORS"
_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
_PROVIDERS: Final = {"traces": "tracer_provider", "metrics": "meter_provider", "logs": "logger_provider"}


def check(environ: Environ, signal: Signal) -> None:
    """Check the variables that the SDK reads for the provider of a signal.

    Raises:
        ValueError: A sampler, detector, propagator or other word is unknown, or a number is none.
    """
    if signal == "traces":
        _check_sampler(environ)
    for variable, words in _WORDS.get(signal, {}).items():
        check_word(environ, variable, words)
    for variable in _LIMITS.get(signal, ()):
        _check_limit(environ, variable)
    check_word(environ, "OTEL_LOG_LEVEL", _LOG_LEVELS)
    check_propagators(environ)
    detectors = environ.get(_DETECTORS, "")
    named = [name.strip() for name in detectors.split(",") if name.strip() not in ("", "*")]
    if named:
        check_installed(_DETECTORS, detectors, named, "opentelemetry_resource_detector")


def check_propagators(environ: Environ) -> None:
    """Check the names of the propagators.

    Raises:
        ValueError: A name is unknown.
    """
    value = environ.get(_PROPAGATORS)
    if value:
        names = [name.strip() for name in value.split(",")]
        known = [name for name in names if name.lower() != "none"]
        check_installed(_PROPAGATORS, value, known, "opentelemetry_propagator")


def check_provider(environ: Environ, signal: Signal) -> None:
    """Check the provider that OpenTelemetry's API loads itself, if none is set before it is asked for.

    Raises:
        ValueError: No package provides it.
    """
    kind = _PROVIDERS[signal]
    variable = f"OTEL_PYTHON_{kind.upper()}"
    if variable in environ:
        # As it stands: the API takes an empty name for a name.
        check_installed(variable, environ[variable], [environ[variable]], f"opentelemetry_{kind}")


def _check_sampler(environ: Environ) -> None:
    check_word(environ, "OTEL_TRACES_SAMPLER", _SAMPLERS)
    variable = "OTEL_TRACES_SAMPLER_ARG"
    value = value_of(environ, variable)
    if value is None or not environ.get("OTEL_TRACES_SAMPLER", "").lower().endswith("traceidratio"):
        return
    try:
        ratio = float(value)
    except ValueError:
        ratio = -1
    if not 0 <= ratio <= 1:
        raise ValueError(f"{variable}={value!r} is no ratio; use a number from 0 to 1, or unset it")


def _check_limit(environ: Environ, variable: str) -> None:
    value = value_of(environ, variable)
    try:
        right = value is None or int(value) >= 0
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"{variable}={value!r} is not a whole number of at least 0; correct or unset it")
