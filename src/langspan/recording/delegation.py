"""Runs that do the work of others: only one of them is measured."""

from __future__ import annotations

from langspan.kinds.base import RunKind
from langspan.recording.run import Run


def count_once(run: Run, kind: RunKind, parent: Run) -> None:
    """Note which of nested runs is not to be measured, because another one stands for it.

    A run around it with the same operation and of another kind stands for this one, as a retriever does for
    the search in its vector store; else this one stands for a run of its kind directly around it.

    Args:
        run: A run whose kind delegates.
        kind: Its kind.
        parent: The run that it is nested in.
    """
    around: Run | None = parent
    while around is not None:
        if around.kind is not kind and around.kind.operation == kind.operation:
            run.is_delegated = True
            return
        around = around.parent
    if parent.kind is kind:
        parent.is_delegated = True
