"""Where runs are: the innermost one around the running code, and the span of one by its id."""

from __future__ import annotations

from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from opentelemetry import context as otel
from opentelemetry.trace import SpanContext

from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

_of_handlers: Final = WeakValueDictionary[int, Recorder]()
"""The recorders of the handlers that the application made itself, while it keeps them."""


def note(recorder: Recorder) -> None:
    """Keep in mind who records for a handler that the application made itself."""
    _of_handlers[id(recorder)] = recorder


def recorder_of(run_id: UUID, first: Recorder | None) -> Recorder | None:
    """Return who records or recorded a run, as far as that is known.

    Args:
        run_id: LangChain's id of the run.
        first: Who is asked first.
    """
    others = [reference() for reference in _of_handlers.valuerefs()]  # a copy: threads add to it
    known = (each for each in (first, *others) if each is not None)
    return next((each for each in known if span_context_of(each, run_id) is not None), None)


def innermost_open(known: Run | None) -> Run | None:
    """Return the innermost open run around the code that asks, whoever records it.

    Args:
        known: One around it that is known from elsewhere, if there is one.
    """
    around = [value for value in otel.get_current().values() if isinstance(value, Run)]
    around = [run for run in (known, *around) if run is not None and run.is_open]
    return max(around, key=lambda run: run.started, default=None)


def span_context_of(recorder: Recorder, run_id: UUID | str) -> SpanContext | None:
    """Return the span context of a run that is open or ended recently; None if it is not known.

    Args:
        recorder: Who records the run.
        run_id: LangChain's id of the run.

    Raises:
        ValueError: The id is neither a UUID nor the text of one.
    """
    wanted = as_run_id(run_id)
    run = recorder.run(wanted)
    found = recorder.ended(wanted) if run is None else run.span_context()
    return found if found is not None and found.is_valid else None


def as_run_id(value: object) -> UUID:
    """Return the id of a run.

    Raises:
        ValueError: It is neither a UUID nor the text of one.
    """
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise ValueError("run_id is not the id of a run; pass a UUID or its text") from None
