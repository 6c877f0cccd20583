"""Settings: built once from arguments and environment, frozen; bad values raise here and only here."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

CaptureContent: TypeAlias = bool | Literal["none", "span", "event", "both"]
Redact: TypeAlias = Callable[[Any, str], Any]

CAPTURE_CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
SDK_DISABLED: Final = "OTEL_SDK_DISABLED"
STABILITY_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
MAX_CONTENT_BYTES: Final = "LANGSPAN_MAX_CONTENT_BYTES"
MAX_OPEN_RUNS: Final = "LANGSPAN_MAX_OPEN_RUNS"
MAX_RUN_AGE: Final = "LANGSPAN_MAX_RUN_AGE"
SPANS: Final = "LANGSPAN_SPANS"


class Content(enum.Flag):
    """Where prompts, completions, arguments, results and documents are recorded."""

    NONE = 0
    SPAN = enum.auto()
    EVENT = enum.auto()
    BOTH = SPAN | EVENT


_CONTENT_ARGUMENT: Final[Mapping[object, Content]] = {
    False: Content.NONE,
    True: Content.SPAN,
    "none": Content.NONE,
    "span": Content.SPAN,
    "event": Content.EVENT,
    "both": Content.BOTH,
}
# The standard variable's values, and the plain words that people try first.
_CONTENT_VARIABLE: Final[Mapping[str, Content]] = {
    "": Content.NONE,
    "no_content": Content.NONE,
    "span_only": Content.SPAN,
    "event_only": Content.EVENT,
    "span_and_event": Content.BOTH,
    "false": Content.NONE,
    "true": Content.SPAN,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for.

    Attributes:
        capture_content: Where content is recorded; nowhere unless asked.
        redact: Called as ``redact(value, where)`` with every captured value; its result is recorded instead.
        max_content_bytes: Longest captured value, in bytes of UTF-8 JSON.
        genai_only: Make spans of GenAI operations only; chains, steps and nodes are skipped over.
        latest_metrics: Emit the renamed metrics of the newest conventions.
        max_open_runs: Most runs held open at once.
        max_run_age: Seconds after which an open run is ended and marked incomplete.
        disabled: The application asked OpenTelemetry to be off.
    """

    capture_content: Content = Content.NONE
    redact: Redact | None = None
    max_content_bytes: int = 16_384
    genai_only: bool = False
    latest_metrics: bool = False
    max_open_runs: int = 50_000
    max_run_age: float = 86_400.0
    disabled: bool = False

    @classmethod
    def build(
        cls,
        environ: Mapping[str, str],
        *,
        capture_content: CaptureContent | None = None,
        redact: Redact | None = None,
        max_content_bytes: int | None = None,
        spans: Literal["all", "genai"] | None = None,
    ) -> Settings:
        """Read arguments first, then the environment, then defaults.

        Args:
            environ: The process environment, or a stand-in.
            capture_content: See ``instrument()``.
            redact: See ``instrument()``.
            max_content_bytes: See ``instrument()``.
            spans: See ``instrument()``.

        Raises:
            ValueError: A setting has a value that means nothing; the message names setting, value and fix.
            TypeError: ``redact`` is not callable.
        """
        if redact is not None and not callable(redact):
            raise TypeError(f"redact={redact!r} is not callable; pass a function redact(value, where)")
        return cls(
            capture_content=_content(capture_content, environ),
            redact=redact,
            max_content_bytes=_max_content_bytes(max_content_bytes, environ),
            genai_only=_genai_only(spans, environ),
            latest_metrics="gen_ai_latest_experimental" in _words(environ.get(STABILITY_OPT_IN, "")),
            max_open_runs=_from_environment(MAX_OPEN_RUNS, environ, least=1, default=50_000),
            max_run_age=_from_environment(MAX_RUN_AGE, environ, least=1, default=86_400),
            disabled=environ.get(SDK_DISABLED, "").strip().lower() == "true",
        )


def check_providers(tracer_provider: object, meter_provider: object, logger_provider: object) -> None:
    """Check the OpenTelemetry providers that were passed in, if any.

    Raises:
        TypeError: One is no provider; the message names setting, value and fix.
    """
    for name, provider, method in (
        ("tracer_provider", tracer_provider, "get_tracer"),
        ("meter_provider", meter_provider, "get_meter"),
        ("logger_provider", logger_provider, "get_logger"),
    ):
        if provider is not None and (isinstance(provider, type) or not hasattr(provider, method)):
            raise TypeError(f"{name}={provider!r} is no provider; pass an object with a {method}() method")


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")}


def _content(argument: object, environ: Mapping[str, str]) -> Content:
    if argument is not None:
        known = _CONTENT_ARGUMENT.get(argument) if isinstance(argument, bool | str) else None
        if known is None:
            raise ValueError(
                f"capture_content={argument!r} is not known; "
                "use True, False, 'span', 'event', 'both' or 'none'"
            )
        return known
    text = environ.get(CAPTURE_CONTENT, "")
    known = _CONTENT_VARIABLE.get(text.strip().lower())
    if known is None:
        raise ValueError(
            f"{CAPTURE_CONTENT}={text!r} is not known; "
            "use NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT"
        )
    return known


def _genai_only(argument: str | None, environ: Mapping[str, str]) -> bool:
    name, value = ("spans", argument) if argument is not None else (SPANS, environ.get(SPANS, ""))
    text = value if argument is not None else value.strip().lower() or "all"
    if text not in ("all", "genai"):
        raise ValueError(
            f"{name}={value!r} is not known; use 'all' for every run or 'genai' for GenAI operations only"
        )
    return text == "genai"


def _max_content_bytes(argument: int | None, environ: Mapping[str, str]) -> int:
    if argument is not None:
        return _whole_number("max_content_bytes", argument, least=256)
    return _from_environment(MAX_CONTENT_BYTES, environ, least=256, default=16_384)


def _from_environment(name: str, environ: Mapping[str, str], *, least: int, default: int) -> int:
    # As everywhere in OpenTelemetry, an empty variable is an unset one.
    text = environ.get(name, "")
    return _whole_number(name, text, least=least) if text.strip() else default


def _whole_number(name: str, value: object, *, least: int) -> int:
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name}={value!r} is not usable; use a whole number of at least {least}")
    return number
