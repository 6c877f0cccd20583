"""What a run takes from around it: from blocks of `langspan.context`, baggage, and what ran before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from opentelemetry.context import Context

from langspan._events import Given
from langspan._values import Attributes, as_str
from langspan.context.carried import attempt_in, given_by
from langspan.conventions import names
from langspan.kinds.base import AgentCall
from langspan.recording.run import Run

_MODEL: Final = AgentCall.MODEL
_DEFERRED: Final[Attributes] = {names.LANGGRAPH_DEFERRED: True}  # never changed

ReadBaggage: TypeAlias = Callable[[Context], Given | None]
"""Returns what the baggage in a context gives, if it gives anything."""


def take_given(run: Run, base: Context, read_baggage: ReadBaggage | None) -> None:
    """Take what the blocks give, but for what the run around has taken already: a config may have changed it.

    Args:
        run: The run; it has what its parent was given.
        base: The context that its span starts in.
        read_baggage: Reads baggage, which only a run without a parent needs; None if nobody asked for it.
    """
    former, given = run.given, given_by(base)
    outer = read_baggage(base) if read_baggage is not None and run.parent is None else former
    is_new = given is not None and (outer is None or outer.entry is not given.entry)
    given = given.over(outer) if given is not None and is_new else outer
    if given is None or given is former:
        return
    run.given = given
    if former is None or given.conversation != former.conversation:
        run.conversation = given.conversation or run.conversation
    if former is None or given.user != former.user:
        run.user = given.user or run.user


def take_circumstances(run: Run, base: Context) -> None:
    """Take how the run came about: as which attempt, in place of which model, or as a deferred node.

    Args:
        run: The run.
        base: The context that its span starts in.
    """
    parent, attempt = run.parent, attempt_in(base)
    if attempt is not None and attempt.around is parent:
        run.circumstances = attempt.circumstances
    elif parent is not None:
        replaced = _replaced_by(run, parent)
        if replaced is not None:
            run.circumstances = {names.LANGSPAN_FALLBACK_FROM: replaced}
        elif run.kind.is_graph and run.target in parent.deferred:
            run.circumstances = _DEFERRED


def _replaced_by(run: Run, parent: Run) -> str | None:
    """Return the model that failed before, if the runs below the parent are alternatives.

    A chain that stands in is marked, and so is a model directly inside it.
    """
    if parent.call is not None and parent.call.tries_in_turn:
        return parent.failed_model
    if run.kind.counts_as is _MODEL and parent.kind.operation is None:
        return as_str(parent.circumstances.get(names.LANGSPAN_FALLBACK_FROM))
    return None
