"""Where a span ends, once: what a run that returned, raised or was lost has to tell, and the end itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import StatusCode

from langspan._contents import Contents
from langspan._guard import Guard
from langspan._interrupts import Interrupts
from langspan._log_events import LogEvents
from langspan._metrics import Metrics
from langspan._run import NOTHING, Run
from langspan._settings import Content
from langspan._translation import Translator
from langspan.conventions import names
from langspan.conventions._values import Attributes
from langspan.conventions.operations import MODEL_KINDS, Kind
from langspan.conventions.outcomes import INCOMPLETE, INTERRUPTED, UNKNOWN, Outcome, outcome
from langspan.conventions.tools import tool_error

_TOOL: Final = Kind.TOOL


class Closer:
    """Ends the spans of runs that the caller has taken out of its table.

    Args:
        guard: The error boundary: a span ends whatever becomes of its attributes.
        translator: From results to attributes.
        interrupts: Graphs that wait for their user.
        contents: From results to content, where content is recorded.
        where: Whether content goes to spans, events or both.
        metrics: Where measurements go.
        events: Where events go.
    """

    def __init__(
        self,
        guard: Guard,
        translator: Translator,
        interrupts: Interrupts,
        *,
        contents: Contents | None,
        where: Content,
        metrics: Metrics | None,
        events: LogEvents | None,
    ) -> None:
        self._guard = guard
        self._translator = translator
        self._interrupts = interrupts
        self._contents = contents
        self._on_span = Content.SPAN in where
        self._on_event = Content.EVENT in where
        self._metrics = metrics
        self._events = events

    def render(self, value: Any, where: str) -> str | None:
        """Content as text, where content is recorded on spans."""
        return self._contents.render(value, where) if self._contents is not None and self._on_span else None

    def returned(self, run: Run, result: Any, extra: Mapping[str, Any]) -> None:
        """End a run that returned ``result``."""
        attributes, verdict = NOTHING, _INTERRUPTED if run.interrupted else _RETURNED
        if run.is_described:
            try:
                attributes = self._translator.at_end(run, result)
                if run.operation.kind is _TOOL:
                    failed = tool_error(result)
                    verdict = verdict if failed is None else Outcome(None, failed)
                if self._contents is not None:
                    run.content = {**run.content, **self._contents.at_end(run.operation.kind, result, extra)}
            except Exception as error:  # noqa: BLE001 - the span ends whatever becomes of its attributes
                self._guard.report("end attributes", error)
        self._finish(run, attributes, verdict)

    def raised(self, run: Run, error: BaseException, extra: Mapping[str, Any]) -> None:
        """End a run that raised ``error``: failed, cancelled, closed, interrupted."""
        attributes, verdict, message = NOTHING, UNKNOWN, None
        try:
            verdict = outcome(error)
            if verdict.label == INTERRUPTED:
                self._interrupts.stopped(run)
            if run.is_described:
                attributes = self._partial(run, extra)
                if verdict.error_type is not None:
                    message = self._described_error(run, error, verdict.error_type, attributes)
            if run.parent is not None:
                run.parent.failure = error
        except Exception as internal:  # noqa: BLE001 - the span ends whatever becomes of its attributes
            self._guard.report("failure attributes", internal)
        self._finish(run, attributes, verdict, message)

    def incomplete(self, run: Run) -> None:
        """End a run of which nobody knows what became."""
        self._finish(run, NOTHING, _INCOMPLETE)

    def _partial(self, run: Run, extra: Mapping[str, Any]) -> Attributes:
        """What had come of a model's answer before it failed, and what only the end of a run tells."""
        if self._contents is not None:
            run.content = {**run.content, **self._contents.at_failure(run.operation.kind, extra)}
        return self._translator.at_failure(run, extra)

    def _described_error(
        self, run: Run, error: BaseException, error_type: str, attributes: Attributes
    ) -> str | None:
        """Describe an exception where it is first seen, for it passes through every run around.

        Returns:
            Its message, where content is recorded on spans.
        """
        message = self._contents.exception(error) if self._contents is not None else None
        if run.failure is not error:
            described: Attributes = {names.EXCEPTION_TYPE: error_type}
            told = described if message is None else {**described, names.EXCEPTION_MESSAGE: message}
            if run.is_recording:
                run.span.add_event("exception", told if self._on_span else described)
            if self._events is not None and run.operation.kind in MODEL_KINDS:
                known = {**run.facts, **attributes}
                self._events.exception(run, known, told if self._on_event else described)
        return message if self._on_span else None

    def _finish(self, run: Run, attributes: Attributes, verdict: Outcome, message: str | None = None) -> None:
        now = time.time_ns()
        try:
            if verdict is not _RETURNED:
                attributes = {**attributes, **_verdict_attributes(verdict)}
            if run.is_described and (self._metrics is not None or self._events is not None):
                self._observe(run, {**run.facts, **attributes}, (now - run.started) / 1e9)
            if run.is_recording:
                if run.pending:
                    attributes = {**run.pending, **attributes}
                if run.content and self._on_span:
                    attributes = {**attributes, **run.content}
                if attributes:
                    run.span.set_attributes(attributes)
                if verdict.error_type is not None:
                    run.span.set_status(StatusCode.ERROR, message)
        except Exception as error:  # noqa: BLE001 - the span ends whatever becomes of its attributes
            self._guard.report("last attributes", error)
        finally:
            if run.is_visible:
                run.span.end(now)
            run.close()

    def _observe(self, run: Run, attributes: Attributes, seconds: float) -> None:
        if self._metrics is not None:
            self._metrics.finished(run, attributes, seconds)
        if self._events is not None and self._on_event and run.operation.kind in MODEL_KINDS:
            self._events.details(run, attributes, run.content)


_RETURNED = Outcome(None, None)
_INTERRUPTED = Outcome(INTERRUPTED, None)
_INCOMPLETE = Outcome(INCOMPLETE, None)


def _verdict_attributes(verdict: Outcome) -> Attributes:
    attributes: Attributes = {}
    if verdict.label is not None:
        attributes[names.LANGSPAN_OUTCOME] = verdict.label
    if verdict.error_type is not None:
        attributes[names.ERROR_TYPE] = verdict.error_type
    return attributes
