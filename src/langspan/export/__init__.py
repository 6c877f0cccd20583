"""Export: providers, OTLP requests limited in bytes, a local file.

Knows OpenTelemetry and nothing of LangChain.
"""

from __future__ import annotations

from langspan.export.providers import resolve
from langspan.export.telemetry import Telemetry

__all__ = ["Telemetry", "resolve"]
