"""Evaluations and feedback: what somebody thinks of a run, recorded where the run's span is.

Source: OpenTelemetry GenAI conventions, `gen_ai.evaluation.result`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry._logs import Logger, LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, Tracer

from langspan._capture import ContentCapture
from langspan._values import Attributes, valid_utf8
from langspan.content.renderer import ContentRenderer
from langspan.context.carried import given_by
from langspan.conventions import names
from langspan.conventions.names import EventName
from langspan.recording.tracers import announcement_of

_OF_SPAN: Final = {
    names.GEN_AI_EVALUATION_NAME: names.LANGSPAN_EVALUATION_NAME,
    names.GEN_AI_EVALUATION_SCORE_VALUE: names.LANGSPAN_EVALUATION_SCORE_VALUE,
    names.GEN_AI_EVALUATION_SCORE_LABEL: names.LANGSPAN_EVALUATION_SCORE_LABEL,
    names.GEN_AI_EVALUATION_EXPLANATION: names.LANGSPAN_EVALUATION_EXPLANATION,
}
"""What is no operation has no attribute of the GenAI conventions: see `kinds.conversations`."""


class Evaluation(NamedTuple):
    """One evaluation.

    Attributes:
        name: What is evaluated, such as "relevance".
        score: The score, if there is one.
        label: What it means, such as "pass", if it is said.
        explanation: Why; this is content.
    """

    name: str
    score: float | None
    label: str | None
    explanation: str | None


class Evaluations:
    """Records evaluations as events or, where nobody listens to events, as small spans.

    Args:
        tracer: Where spans are made.
        logger: Where events go; None if nobody listens.
        renderer: Redacts and shortens explanations.
        capture: Where content is recorded.

    Attributes:
        on_evaluated: Called with the id of a trace that is evaluated, if anybody wants to know.
    """

    def __init__(
        self, tracer: Tracer, logger: Logger | None, renderer: ContentRenderer, capture: ContentCapture
    ) -> None:
        self.on_evaluated: Callable[[int], None] | None = None
        self._tracer = tracer
        self._announce = announcement_of(tracer)
        self._logger = logger
        self._renderer = renderer
        self._explains = (ContentCapture.SPAN if logger is None else ContentCapture.EVENT) in capture

    def record(self, evaluation: Evaluation, judged: SpanContext | None, run_id: UUID | None) -> None:
        """Record an evaluation.

        Args:
            evaluation: The evaluation.
            judged: The span it judges; None if it is not known, and only the run's id leads there.
            run_id: LangChain's id of the run, if it is known.
        """
        base = Context()
        if judged is not None:
            base = trace.set_span_in_context(NonRecordingSpan(judged), base)
            if self.on_evaluated is not None:
                self.on_evaluated(judged.trace_id)
        attributes = self._attributes(evaluation)
        if run_id is not None:
            attributes[names.LANGCHAIN_RUN_ID] = str(run_id)
        if self._logger is not None:
            self._logger.emit(
                LogRecord(
                    timestamp=time.time_ns(),
                    context=base,
                    severity_number=SeverityNumber.INFO,
                    attributes=attributes,
                    event_name=EventName.EVALUATION_RESULT,
                )
            )
        else:
            own = {_OF_SPAN.get(name, name): value for name, value in attributes.items()}
            name = attributes[names.GEN_AI_EVALUATION_NAME]
            if self._announce is not None:
                given = given_by(otel.get_current())
                self._announce(given.metadata if given is not None else {}, {}, None)
            self._tracer.start_span(f"evaluate {name}", base, attributes=own).end()

    def _attributes(self, evaluation: Evaluation) -> Attributes:
        found: Attributes = {names.GEN_AI_EVALUATION_NAME: valid_utf8(evaluation.name)}
        if evaluation.score is not None:
            found[names.GEN_AI_EVALUATION_SCORE_VALUE] = evaluation.score
        if evaluation.label is not None:
            found[names.GEN_AI_EVALUATION_SCORE_LABEL] = valid_utf8(evaluation.label)
        if evaluation.explanation is not None and self._explains:
            explanation = self._renderer.text(evaluation.explanation, "evaluation")
            if explanation is not None:
                found[names.GEN_AI_EVALUATION_EXPLANATION] = explanation
        return found
