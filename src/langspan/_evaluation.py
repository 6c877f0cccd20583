"""`langspan.record_evaluation`. Imported when it is first used."""

from __future__ import annotations

import math
import os
from uuid import UUID

from opentelemetry import _logs
from opentelemetry import context as otel
from opentelemetry.trace import SpanContext, TraceFlags

from langspan._guard import Guard
from langspan._instrumentor import running_recorder
from langspan._settings import Settings
from langspan.context.private_names import SUPPRESSION_KEYS
from langspan.langchain.at_hand import run_of_config
from langspan.langchain.graph_announcements import pop_announcement
from langspan.recording.build import build_recorder
from langspan.recording.evaluations import Evaluation
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run
from langspan.recording.whereabouts import as_run_id, innermost_open, recorder_of, span_context_of


def record_evaluation(
    name: str,
    *,
    score: float | None = None,
    label: str | None = None,
    explanation: str | None = None,
    run_id: UUID | str | None = None,
    trace_id: str | int | None = None,
    span_id: str | int | None = None,
) -> None:
    """Record what somebody, or a program, thinks of a run: now, or days later in another process.

    It becomes the event `gen_ai.evaluation.result` on the span it judges. Where no logger provider records
    events, it becomes a small span `evaluate {name}` below that span. Whatever happens to it then raises
    nothing.

    Args:
        name: What is evaluated, such as "relevance" or "user_feedback". Use few different ones.
        score: The score.
        label: The score in a word, such as "pass".
        explanation: Why. This is content: recorded only where `capture_content` allows it.
        run_id: LangChain's id of the run. The runs that `find` knows are judged in their trace; of any
            other, the id is recorded, to search for. By default the current run.
        trace_id: The id of the trace, in hexadecimal digits or as a number: in any process.
        span_id: The id of the span in it, likewise. The two go together.

    Raises:
        ValueError: An argument is invalid, or runs are traced and none is current; the message names the fix.
    """
    judged = _span(trace_id, span_id)
    known = None if run_id is None else as_run_id(run_id)
    evaluation = _checked(name, score, label, explanation)
    run = None
    if known is None and judged is None:
        run = _run_here()
        if run is None:
            return
        known, judged = run.run_id, run.span_context()
    recorder = _recorder(run, known)
    if judged is None and known is not None:
        judged = span_context_of(recorder, known)
    recorder.guard.call(recorder.evaluations.record, evaluation, judged, known)


def _run_here() -> Run | None:
    """Return the current run; None if nothing is recorded here, which is no fault of the caller.

    Raises:
        ValueError: Runs are recorded, and there is none around the caller.
    """
    run = innermost_open(run_of_config())
    if run is not None:
        return None if run.is_unsampled else run
    if running_recorder() is None or any(otel.get_value(key) for key in SUPPRESSION_KEYS):
        return None
    raise ValueError("no run is current here; pass run_id, or trace_id and span_id")


def _recorder(run: Run | None, run_id: UUID | None) -> Recorder:
    """Return who records: of a known run its recorder, else ours, else one of the global providers."""
    if run is not None and isinstance(run.owner, Recorder):
        return run.owner
    ours = running_recorder()
    knows = None if run_id is None else recorder_of(run_id, ours)
    if knows is not None:
        return knows
    if ours is not None:  # empty ones are false
        return ours
    return build_recorder(
        Settings.build(os.environ),
        Guard(),
        pop_announcement=pop_announcement,
        tracer_provider=None,
        meter_provider=None,
        logger_provider=_logs.get_logger_provider(),
    )


def _checked(name: object, score: object, label: object, explanation: object) -> Evaluation:
    """Return the evaluation that the arguments make.

    Raises:
        ValueError: One of them is invalid; the message names it and the fix.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name is not a text; name what is evaluated, such as 'relevance'")
    if score is None and label is None:
        raise ValueError("neither score nor label is given; pass one of them, such as score=1.0")
    for argument, value in (("label", label), ("explanation", explanation)):
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{argument} is of type {type(value).__name__}; pass a string")
    return Evaluation(
        name,
        None if score is None else _score(score),
        label if isinstance(label, str) else None,
        explanation if isinstance(explanation, str) else None,
    )


def _score(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"score={value!r} is invalid; use a finite number")
    return float(value)


def _span(trace_id: object, span_id: object) -> SpanContext | None:
    """Return the context of the span with these ids; None if there are none.

    Raises:
        ValueError: One of them is missing or invalid; the message names it and the fix.
    """
    if trace_id is None and span_id is None:
        return None
    ids = _number("trace_id", trace_id, 32), _number("span_id", span_id, 16)
    return SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _number(name: str, value: object, digits: int) -> int:
    if value is None:
        raise ValueError(f"{name} is missing; trace_id and span_id go together, as current_run() tells them")
    try:
        number = int(value, 16) if isinstance(value, str) else value
    except ValueError:
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1 << 4 * digits:
        raise ValueError(f"{name} is invalid; pass {digits} hexadecimal digits, as current_run() tells them")
    return number
