"""Export: providers, OTLP requests limited in bytes, a local file.

Knows OpenTelemetry and nothing of LangChain.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from langspan.export.providers import resolve
from langspan.export.telemetry import Telemetry

__all__ = ["Telemetry", "resolve", "watch_end"]


def watch_end(telemetry: Telemetry, end_runs: Callable[[], object]) -> Any:
    """Start to watch for the end of this process; see `langspan.export.process_end.ProcessEnd`.

    It is imported here, because `import langspan` alone watches for nothing.
    """
    return import_module("langspan.export.process_end").ProcessEnd(telemetry, end_runs)
