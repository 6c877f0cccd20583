"""How a run came about: which attempt it is, and which model it stands in for."""

from __future__ import annotations

from typing import Final

from opentelemetry.context import Context

from langspan._values import Attributes, as_str
from langspan.context.carried import attempt_in
from langspan.conventions import names
from langspan.kinds.base import AgentCall
from langspan.recording.run import Run

_MODEL: Final = AgentCall.MODEL
DEFERRED: Final[Attributes] = {names.LANGGRAPH_DEFERRED: True}
"""Of a node that waits until all others are done. Never changed."""


def take_circumstances(run: Run, base: Context) -> None:
    """Note what the code around a new run says of it.

    Args:
        run: The run.
        base: The context that it starts in.
    """
    parent, attempt = run.parent, attempt_in(base)
    if attempt is not None and attempt.around is parent:
        run.circumstances = attempt.circumstances
    elif parent is not None:
        replaced = _replaced_by(run, parent)
        if replaced is not None:
            run.circumstances = {names.LANGSPAN_FALLBACK_FROM: replaced}


def note_failed_model(run: Run, parent: Run) -> None:
    """Note on the parent of a failed run which model it was that failed.

    Args:
        run: The failed run: of a model, or of a chain around one.
        parent: The run directly around it.
    """
    failed = run.target if run.kind.counts_as is _MODEL else run.failed_model
    parent.failed_model = failed or parent.failed_model


def _replaced_by(run: Run, parent: Run) -> str | None:
    """Return the model that failed before, if the runs below a parent are alternatives; else None.

    A chain that stands in is marked, and so is a model directly inside it.
    """
    if parent.call is not None and parent.call.tries_in_turn:
        return parent.failed_model
    if run.kind.counts_as is _MODEL and parent.kind.operation is None:
        return as_str(parent.circumstances.get(names.LANGSPAN_FALLBACK_FROM))
    return None
