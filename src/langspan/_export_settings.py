"""Settings of what exports, and of the command line: rows of the table in `langspan._settings`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from langspan._setting_parsers import Setting, at_least, switch, switch_variable, text


def _keep(name: str, value: object) -> Any:
    """Parse the argument `keep`; what that takes is imported only where it is used."""
    return None if value is None else import_module("langspan._keep").keep(name, value)


def _keep_variable(name: str, value: str) -> Any:
    return import_module("langspan._keep").keep_variable(name, value)


_count: Final = at_least(0)


def _last_traces(name: str, value: object) -> Any:
    """Parse the number of traces to keep; None leaves it to where the process runs."""
    return None if value is None else _count(name, value)


def _dialect(name: str, value: object) -> Any:
    """Parse the argument `dialect`; what that takes is imported only where it is used."""
    return () if value == () else import_module("langspan.dialects").dialects(name, value)


def _dialect_variable(name: str, value: str) -> Any:
    return import_module("langspan.dialects").dialects_variable(name, value)


EXPORT_MAX_BYTES: Final = Setting(
    "export_max_bytes",
    "LANGSPAN_EXPORT_MAX_BYTES",
    3_670_016,  # half a MiB below the 4 MiB that gRPC receivers accept by default
    at_least(1),
    at_least(1),
    "The largest request to a collector, in bytes before compression. Larger batches are split.",
)
QUEUE_MAX_BYTES: Final = Setting(
    "queue_max_bytes",
    "LANGSPAN_QUEUE_MAX_BYTES",
    67_108_864,
    at_least(1),
    at_least(1),
    "How many bytes may wait for one exporter. What ends while the queue is full is lost, and counted.",
)
FLUSH_ON_SIGTERM: Final = Setting(
    "flush_on_sigterm",
    "LANGSPAN_FLUSH_ON_SIGTERM",
    True,
    switch,
    switch_variable,
    "Where nobody handles SIGTERM, send what is queued before it ends the process: see "
    "[When the process ends](processes.md#sigterm). `false` leaves the signal alone.",
)
KEEP: Final = Setting(
    "keep",
    "LANGSPAN_KEEP",
    None,
    _keep,
    _keep_variable,
    "Which traces are exported, decided when each is complete: see [Keep what matters](keep.md). All by "
    "default.",
    is_argument=True,
)
KEEP_LAST_TRACES: Final = Setting(
    "keep_last_traces",
    "LANGSPAN_KEEP_LAST_TRACES",
    None,
    _last_traces,
    _count,
    "How many traces that ended stay in memory, for [`langspan.last_trace()`](page.md#in-a-notebook). By "
    "default 10 in the kernel of a notebook, if langspan builds the provider, and none elsewhere.",
    is_argument=True,
)
DIALECT: Final = Setting(
    "dialect",
    "LANGSPAN_DIALECT",
    (),
    _dialect,
    _dialect_variable,
    'Other words besides, for readers that do not follow the GenAI conventions: `"openinference"` for '
    'Phoenix, `"langfuse"`, or a list of both; see [Other readers](readers.md). None by default.',
    is_argument=True,
)
FILE: Final = Setting(
    "file",
    "LANGSPAN_FILE",
    "langspan.jsonl",
    text,
    text,
    "The file to which the exporter `langspan_file` appends.",
)
FILE_MAX_BYTES: Final = Setting(
    "file_max_bytes",
    "LANGSPAN_FILE_MAX_BYTES",
    0,
    at_least(0),
    at_least(0),
    "The size at which the exporter `langspan_file` begins its file anew; the full one is renamed to `.1`. "
    "`0` is no limit. A single line that is longer is written whole.",
)
FILE_KEEP: Final = Setting(
    "file_keep",
    "LANGSPAN_FILE_KEEP",
    3,
    at_least(0),
    at_least(0),
    "How many renamed files of the exporter `langspan_file` are kept: `.1` is the newest.",
)
JAEGER_URL: Final = Setting(
    "jaeger_url",
    "LANGSPAN_JAEGER_URL",
    "http://localhost:16686",
    text,
    text,
    "The base of the link to Jaeger that `langspan demo` prints.",
)

OF_EXPORTS: Final = (
    EXPORT_MAX_BYTES,
    QUEUE_MAX_BYTES,
    FLUSH_ON_SIGTERM,
    KEEP,
    KEEP_LAST_TRACES,
    DIALECT,
    FILE,
    FILE_MAX_BYTES,
    FILE_KEEP,
    JAEGER_URL,
)
