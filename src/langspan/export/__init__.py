"""Getting telemetry out of the process: providers, OTLP by bytes, a local file.

Knows OpenTelemetry and nothing of LangChain.
"""

from langspan.export.providers import resolve
from langspan.export.telemetry import Telemetry

__all__ = ["Telemetry", "resolve"]
