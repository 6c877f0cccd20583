"""GenAI events of runs that ended, as log records that belong to the run's span.

Source: OpenTelemetry GenAI conventions, `gen_ai.client.inference.operation.details` and
`gen_ai.client.operation.exception`.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry._logs import Logger, LogRecord, SeverityNumber

from langspan._values import Attributes
from langspan.conventions import names
from langspan.conventions.names import EventName
from langspan.recording.run import Run

# Attributes whose JSON text is structured data on an event.
_STRUCTURED: Final = (
    names.GEN_AI_INPUT_MESSAGES,
    names.GEN_AI_OUTPUT_MESSAGES,
    names.GEN_AI_SYSTEM_INSTRUCTIONS,
    names.GEN_AI_TOOL_DEFINITIONS,
)


def is_supported() -> bool:
    """Whether this OpenTelemetry has events: named log records that take a context."""
    parameters = inspect.signature(LogRecord.__init__).parameters
    return "event_name" in parameters or "args" in parameters


def _keyed(fields: dict[str, Any]) -> dict[str, Any]:
    """Give an empty key, which OpenTelemetry drops with a warning, a name."""
    return {key or '""': value for key, value in fields.items()} if "" in fields else fields


class LogEvents:
    """Emits events of model runs.

    Args:
        logger: Where log records go.
    """

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def details(self, run: Run, attributes: Attributes, content: Mapping[str, str]) -> None:
        """Tell all of a model call.

        Args:
            run: The run.
            attributes: What its span says.
            content: Its content, as JSON texts by attribute.
        """
        structured = {
            name: json.loads(text, object_hook=_keyed) if name in _STRUCTURED else text
            for name, text in content.items()
        }
        self._emit(EventName.OPERATION_DETAILS, SeverityNumber.DEBUG, run, {**attributes, **structured})

    def exception(self, run: Run, attributes: Attributes, error: Attributes) -> None:
        """Tell of a failed model call.

        Args:
            run: The run.
            attributes: What its span says.
            error: The `exception.*` attributes.
        """
        self._emit(EventName.EXCEPTION, SeverityNumber.WARN, run, {**attributes, **error})

    def _emit(self, name: str, severity: SeverityNumber, run: Run, attributes: dict[str, Any]) -> None:
        record = LogRecord(
            timestamp=time.time_ns(),
            context=run.context,
            severity_number=severity,
            attributes=attributes,
            event_name=name,
        )
        self._logger.emit(record)
