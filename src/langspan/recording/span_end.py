"""Where a span ends, once: what a run that returned, raised or was lost has to say, and the end itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import StatusCode

from langspan._capture import ContentCapture
from langspan._guard import Guard
from langspan._settings import Settings
from langspan._values import Attributes, as_str
from langspan.content.dialogue import answer, question
from langspan.content.renderer import ContentRenderer
from langspan.conventions import names
from langspan.kinds.any_run import present
from langspan.kinds.base import AgentCall
from langspan.kinds.sums import model_call, token_sums
from langspan.recording.agent_content import share, told_content
from langspan.recording.failures import is_same, sighting_of
from langspan.recording.interrupts import Interrupts
from langspan.recording.limits import Limits
from langspan.recording.log_events import LogEvents
from langspan.recording.metrics import Metrics
from langspan.recording.outcomes import INCOMPLETE, INTERRUPTED, UNKNOWN, Outcome, outcome_of
from langspan.recording.run import NO_ATTRIBUTES, NO_CONTENT, Run
from langspan.recording.run_hooks import RunHooks
from langspan.recording.skipped_tool_calls import tell_skipped
from langspan.recording.spent import Spent

_RETURNED: Final = Outcome(None, None)
_INTERRUPTED: Final = Outcome(INTERRUPTED, None)
_INCOMPLETE: Final = Outcome(INCOMPLETE, None)
_MODEL: Final = AgentCall.MODEL


class SpanFinisher:
    """Ends the spans of runs that the caller has taken out of its table.

    Args:
        settings: What the user asked for.
        guard: The error boundary: a span ends whatever becomes of its attributes.
        interrupts: Graphs that wait for their user.
        hooks: The application's own functions, if it has registered any.
        renderer: Renders content, where content is recorded.
        metrics: Where measurements go.
        events: Where log events go.
        limits: What a span can hold.
        spent: Knows what model calls cost, where that is asked for.
    """

    def __init__(
        self,
        settings: Settings,
        guard: Guard,
        interrupts: Interrupts,
        *,
        hooks: RunHooks | None,
        renderer: ContentRenderer | None,
        metrics: Metrics | None,
        events: LogEvents | None,
        limits: Limits,
        spent: Spent | None = None,
    ) -> None:
        self._guard = guard
        self._interrupts = interrupts
        self._hooks = hooks
        self._renderer = renderer
        self._on_span = ContentCapture.SPAN in settings.capture_content
        self._on_event = ContentCapture.EVENT in settings.capture_content
        self._sums = settings.usage_sums
        self._metrics = metrics
        self._events = events
        self._limits, self._spent = limits, spent
        # The application's own functions may add attributes.
        self._surely_fit = limits.surely_fit() if hooks is None else 0

    def render(self, value: Any, where: str) -> str | None:
        """Content as text, where content is recorded on spans."""
        return self._renderer.render(value, where) if self._renderer is not None and self._on_span else None

    def end_ok(self, run: Run, result: Any, extra: Mapping[str, Any]) -> None:  # noqa: C901 - fewer calls
        """End a run that returned `result`."""
        attributes, outcome = NO_ATTRIBUTES, _INTERRUPTED if run.interrupted else _RETURNED
        if run.needs_attributes:
            kind = run.kind
            try:
                if kind.at_end is not None:
                    attributes = kind.at_end(run, result)
                if self._spent is not None:
                    attributes = self._spent.told(run, attributes, result)
                if kind.counts_as is _MODEL and (run.agent is not None or run.story is not None):
                    self._leave(run, attributes)
                if kind.reported_error is not None:
                    failed = kind.reported_error(result)
                    if failed is None and run.deferred_attributes:  # a server says so
                        failed = as_str(run.deferred_attributes.get(names.ERROR_TYPE))
                    if failed is not None:
                        outcome = Outcome(None, failed)
                if self._renderer is not None:
                    texts = kind.content_at_end(self._renderer, result, extra)
                    run.content = {**run.content, **present(texts)}
                if run.story is run:
                    attributes = self._tell_story(run, attributes, result, extra)
                elif kind.is_agent and self._sums == "none":
                    attributes = _without_sums(attributes)
                elif kind.skipped_calls is not None:
                    tell_skipped(self.render, run, extra, result)
            except Exception as error:  # noqa: BLE001 - the span ends whatever becomes of its attributes
                self._guard.report("end attributes", error)
        self._end(run, attributes, outcome, result=result)

    def end_error(self, run: Run, error: BaseException, extra: Mapping[str, Any]) -> None:
        """End a run that raised `error`: failed, cancelled, closed, interrupted."""
        attributes, outcome, message = NO_ATTRIBUTES, UNKNOWN, None
        error = error if run.timeout is None else run.timeout
        try:
            outcome = outcome_of(error)
            if outcome.label == INTERRUPTED:
                self._interrupts.stopped(run)
            if run.needs_attributes:
                attributes = self._partial(run, extra)
                if outcome.error_type is not None:
                    message = self._described_error(run, error, outcome.error_type, attributes)
                    tell_skipped(self.render, run, extra, error)
            if run.parent is not None:
                self._tell_parent(run, run.parent, error)
        except Exception as internal:  # noqa: BLE001 - the span ends whatever becomes of its attributes
            self._guard.report("failure attributes", internal)
        self._end(run, attributes, outcome, message, error=error)

    def _tell_parent(self, run: Run, parent: Run, error: BaseException) -> None:
        """Note what the parent needs of a failure: to know the exception again, and to number attempts."""
        parent.failure = sighting_of(error)
        failed = run.target if run.kind.counts_as is _MODEL else run.failed_model
        parent.failed_model = failed or parent.failed_model
        if run.place is not None:
            if parent.attempts is None:
                parent.attempts = {}
            parent.attempts[run.place] = (run.attempt or 1) + 1

    def end_incomplete(self, run: Run) -> None:
        """End a run of which nobody knows what became."""
        self._end(run, NO_ATTRIBUTES, _INCOMPLETE)

    def _leave(self, run: Run, attributes: Attributes) -> None:
        """Note what leaving a model call changes: what the agent around it and the root know of it."""
        call = model_call(run.target, attributes, run.start_attributes)
        if run.agent is not None and run.content:
            share(run.agent, run.content)
        for around in (run.agent, run.story):
            if around is not None:
                around.model_calls.append(call)

    def _partial(self, run: Run, extra: Mapping[str, Any]) -> Attributes:
        """What had come of a model's answer before it failed, and what only the end of a run tells."""
        kind = run.kind
        if self._renderer is not None:
            texts = kind.content_at_failure(self._renderer, extra)
            run.content = {**run.content, **present(texts)}
        attributes = NO_ATTRIBUTES if kind.at_failure is None else kind.at_failure(run, extra)
        if self._spent is not None:
            attributes = self._spent.told(run, attributes, extra.get("response"))
        if kind.counts_as is _MODEL and extra.get("response") is not None:
            self._leave(run, attributes)
        if run.story is run:
            return self._tell_story(run, attributes, None, extra)
        return _without_sums(attributes) if kind.is_agent and self._sums == "none" else attributes

    def _tell_story(
        self, run: Run, attributes: Attributes, result: Any, extra: Mapping[str, Any]
    ) -> Attributes:
        """What the root of a trace says of all that is below it: tokens, the question and the answer.

        A chain that no model was called in has no such story, and stays plain.
        """
        if run.kind.operation is None and not run.model_calls:
            return attributes
        if self._renderer is not None:
            late = extra.get("inputs")  # of a streamed chain
            asked = run.question if late is None else question(self._renderer, late, "input")
            said = answer(self._renderer, result, "state" if run.kind.is_graph else "output")
            told = {names.GEN_AI_INPUT_MESSAGES: asked, names.GEN_AI_OUTPUT_MESSAGES: said}
            run.content = {**present(told), **run.content}
        return {**attributes, **token_sums(run.model_calls)} if self._sums == "all" else attributes

    def _described_error(
        self, run: Run, error: BaseException, error_type: str, attributes: Attributes
    ) -> str | None:
        """Describe an exception where it is first seen, for it passes through every run around.

        Returns:
            Its message, where content is recorded on spans.
        """
        message = self._renderer.exception(error) if self._renderer is not None else None
        if not is_same(error, run.failure):
            described: Attributes = {names.EXCEPTION_TYPE: error_type}
            told = described if message is None else {**described, names.EXCEPTION_MESSAGE: message}
            if run.is_recording:
                run.span.add_event("exception", told if self._on_span else described)
            if self._events is not None and run.kind.has_log_events:
                known = {**run.start_attributes, **attributes}
                self._events.exception(run, known, told if self._on_event else described)
        return message if self._on_span else None

    def _end(
        self,
        run: Run,
        attributes: Attributes,
        outcome: Outcome,
        message: str | None = None,
        *,
        result: Any = None,
        error: BaseException | None = None,
    ) -> None:
        now = run.ended or time.time_ns()
        try:
            if outcome is not _RETURNED:
                # A kind may know better than the exception's class what went wrong.
                attributes = {**outcome.attributes(), **attributes}
            if run.needs_attributes and (self._metrics is not None or self._events is not None):
                self._observe(run, {**run.start_attributes, **attributes}, (now - run.started) / 1e9)
            if run.is_recording:
                content = told_content(run) if self._on_span else NO_CONTENT
                attributes = {**run.deferred_attributes, **attributes, **content}
                if attributes:
                    if len(attributes) + len(run.start_attributes) > self._surely_fit:
                        attributes = self._limits.fit(attributes, self._used(run))
                    run.span.set_attributes(attributes)
                if outcome.error_type is not None:
                    run.span.set_status(StatusCode.ERROR, message)
                if self._hooks is not None:
                    self._hooks.ending(run, result, error)
        except Exception as internal:  # noqa: BLE001 - the span ends whatever becomes of its attributes
            self._guard.report("last attributes", internal)
        finally:
            if run.is_visible:
                run.span.end(now)
            run.close()

    def _used(self, run: Run) -> int:
        """The number of attributes that a span has before it ends."""
        held = None if self._hooks is None else getattr(run.span, "attributes", None)
        if isinstance(held, Mapping):  # the application may have added some
            return len(held)
        return len(run.start_attributes) - len(run.deferred_attributes)

    def _observe(self, run: Run, attributes: Attributes, seconds: float) -> None:
        if self._metrics is not None:
            self._metrics.finished(run, attributes, seconds)
        if self._events is not None and self._on_event and run.kind.has_log_events:
            self._events.details(run, attributes, run.content)


def _without_sums(attributes: Attributes) -> Attributes:
    sums = (names.GEN_AI_USAGE_INPUT_TOKENS, names.GEN_AI_USAGE_OUTPUT_TOKENS)
    return {name: value for name, value in attributes.items() if name not in sums}
