"""Settings: one table, read once from arguments and the environment. Only this module rejects values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from langspan._capture import ContentCapture, content, content_variable
from langspan._events import RunHook
from langspan._export_settings import OF_EXPORTS
from langspan._setting_parsers import (
    Redact,
    Setting,
    Spans,
    UsageSums,
    at_least,
    function,
    is_true,
    keys,
    keys_variable,
    opts_in,
    spans,
    spans_variable,
    switch,
    switch_variable,
    text,
    trace_address,
    usage_sums,
    usage_sums_variable,
)
from langspan._spending_settings import BUDGETS, COST, PRICES

if TYPE_CHECKING:
    # Imported by who uses them.
    from langspan._budgets import Budget
    from langspan._prices import Price

_OFF: Final = "none"
_HOOK: Final = "span, run_info"

CAPTURE_CONTENT: Final = Setting(
    "capture_content",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    _OFF,
    content,
    content_variable,
    "Record prompts, completions, tool arguments and results, documents and exception messages: `True` or "
    '`"span"` on spans, `"event"` on events, `"both"`, or `"none"`. The variable takes `SPAN_ONLY`, '
    "`EVENT_ONLY`, `SPAN_AND_EVENT` or `NO_CONTENT`; `true` is `SPAN_ONLY`, `false` is `NO_CONTENT`. A set "
    "of names, or a list in the variable, records [some fields only](content.md#some-of-it).",
    is_argument=True,
)
REDACT: Final = Setting(
    "redact",
    None,
    None,
    function("redact(value, where)"),
    text,
    "Called as `redact(value, where)` with every captured value; its result is recorded instead. If it "
    "raises, the value is dropped.",
    is_argument=True,
)
MAX_CONTENT_BYTES: Final = Setting(
    "max_content_bytes",
    "LANGSPAN_MAX_CONTENT_BYTES",
    16_384,
    at_least(256),
    at_least(256),
    "The longest captured value, in bytes of UTF-8. Longer ones are shortened and stay valid JSON.",
    is_argument=True,
)
SPANS: Final = Setting(
    "spans",
    "LANGSPAN_SPANS",
    "all",
    spans,
    spans_variable,
    'The runs that become spans: `"all"`, or `"genai"` for GenAI operations only, without chains, steps and '
    "graph nodes.",
    is_argument=True,
)
USAGE_SUMS: Final = Setting(
    "usage_sums",
    "LANGSPAN_USAGE_SUMS",
    "all",
    usage_sums,
    usage_sums_variable,
    'Sum up the tokens of model calls on the spans around them: "all" on agents and on the root of a trace, '
    '"agents" on agents only, or "none".',
    is_argument=True,
)
METADATA_KEYS: Final = Setting(
    "metadata_keys",
    "LANGSPAN_METADATA_KEYS",
    (),
    keys,
    keys_variable,
    "Keys of the application's own metadata to record as `langchain.metadata.` attributes, even with content "
    "off: a list of strings, separated by commas in the variable.",
    is_argument=True,
)
LINK_ACROSS_PROCESSES: Final = Setting(
    "link_across_processes",
    "LANGSPAN_LINK_ACROSS_PROCESSES",
    False,
    switch,
    switch_variable,
    "Keep a graph's trace context in the metadata of its checkpoints, so that a run that goes on in another "
    "process [is linked](spans.md#graphs-that-wait) to the interrupted one.",
    is_argument=True,
)
CHECKPOINTS: Final = Setting(
    "checkpoints",
    "LANGSPAN_CHECKPOINTS",
    False,
    switch,
    switch_variable,
    "Make a span of each [write and read of a checkpoint](spans.md#checkpoints), with its size.",
    is_argument=True,
)
READ_BAGGAGE: Final = Setting(
    "read_baggage",
    "LANGSPAN_READ_BAGGAGE",
    False,
    switch,
    switch_variable,
    "Take the ids, tags and metadata that `langspan.context(baggage=True)` of another process "
    "[sent along](context.md#to-other-processes) with a request. Only where nobody untrusted can send some.",
    is_argument=True,
)
ON_START: Final = Setting(
    "on_start",
    None,
    None,
    function(f"on_start({_HOOK})"),
    text,
    "Called as `on_start(span, run_info)` when a recorded span has started.",
    is_argument=True,
)
ON_END: Final = Setting(
    "on_end",
    None,
    None,
    function(f"on_end({_HOOK})"),
    text,
    "Called as `on_end(span, run_info)` just before a recorded span ends.",
    is_argument=True,
)
LATEST_METRICS: Final = Setting(
    "latest_metrics",
    "OTEL_SEMCONV_STABILITY_OPT_IN",
    "",
    opts_in,
    opts_in,
    "With `gen_ai_latest_experimental` in the list, metrics use the names of the latest conventions.",
)
MAX_OPEN_RUNS: Final = Setting(
    "max_open_runs",
    "LANGSPAN_MAX_OPEN_RUNS",
    50_000,
    at_least(1),
    at_least(1),
    "The maximum number of open runs. If one more starts, the oldest is ended and marked incomplete.",
)
MAX_RUN_AGE: Final = Setting(
    "max_run_age",
    "LANGSPAN_MAX_RUN_AGE",
    86_400,
    at_least(1),
    at_least(1),
    "The age in seconds at which an open run is ended and marked incomplete.",
)
TRACE_URL: Final = Setting(
    "trace_url",
    "LANGSPAN_TRACE_URL",
    "http://localhost:16686/trace/{trace_id}",
    trace_address,
    trace_address,
    "The address of a trace, for [`langspan.trace_url`](run-at-hand.md#the-address-of-a-trace): "
    "`{trace_id}` and, if wanted, `{span_id}` stand for the ids.",
)
DISABLED: Final = Setting(
    "disabled", "OTEL_SDK_DISABLED", "false", is_true, is_true, "With `true`, nothing is traced."
)
_OF_RUNS: Final = (
    CAPTURE_CONTENT,
    REDACT,
    MAX_CONTENT_BYTES,
    SPANS,
    USAGE_SUMS,
    COST,
    PRICES,
    BUDGETS,
    METADATA_KEYS,
    LINK_ACROSS_PROCESSES,
    CHECKPOINTS,
    READ_BAGGAGE,
    ON_START,
    ON_END,
    LATEST_METRICS,
    MAX_OPEN_RUNS,
    MAX_RUN_AGE,
    DISABLED,
)
SETTINGS: Final = (*_OF_RUNS, TRACE_URL, *OF_EXPORTS)
"""Every setting that langspan reads. The exporters also read OpenTelemetry's own variables."""
ARGUMENTS: Final = tuple(setting.name for setting in SETTINGS if setting.is_argument)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of the settings that apply to recording; see the table."""

    capture_content: ContentCapture
    redact: Redact | None
    max_content_bytes: int
    spans: Spans
    usage_sums: UsageSums
    cost: bool
    prices: Mapping[str, Price] | None
    budgets: Sequence[Budget]
    metadata_keys: tuple[str, ...]
    link_across_processes: bool
    checkpoints: bool
    read_baggage: bool
    on_start: RunHook | None
    on_end: RunHook | None
    latest_metrics: bool
    max_open_runs: int
    max_run_age: float
    disabled: bool

    @classmethod
    def build(cls, environ: Mapping[str, str], **arguments: Any) -> Settings:
        """Return the settings, from arguments first, then the environment, then defaults.

        Args:
            environ: The process environment, or a substitute.
            arguments: Arguments of `instrument()`; None counts as omitted.

        Raises:
            ValueError: A value is invalid; the message names the setting, the value and the fix.
            TypeError: A function is expected and the value is not one, or there is no such setting.
        """
        unknown = arguments.keys() - set(ARGUMENTS)
        if unknown:
            raise TypeError(f"{min(unknown)} is not a setting; use {', '.join(ARGUMENTS)}")
        return cls(**{row.name: row.read(environ, arguments.get(row.name)) for row in _OF_RUNS})


if [field.name for field in fields(Settings)] != [row.name for row in _OF_RUNS]:
    raise TypeError("the fields of Settings and the table of settings differ; add the row or the field")
