"""What a run takes from the blocks of `langspan.context` around it, and from baggage where that is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from opentelemetry.context import Context

from langspan._events import Given
from langspan.context.carried import given_by
from langspan.recording.run import Run

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
