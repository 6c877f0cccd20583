"""Batching stores: one background task does what many have asked for, and belongs to none of them.

Source: `langgraph.store.base.batch.AsyncBatchedBaseStore`. Its methods call `_ensure_task` and put what is
asked for in a queue; its task takes all that waits there and calls `abatch` at once. So those that have asked
since the last `abatch` are those it works for.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._guard import Guard
from langspan._reading import stored
from langspan.context.drivers import run_in_context
from langspan.context.private_names import SUPPRESSION_KEYS
from langspan.kinds.stores import KINDS
from langspan.langchain.patches.ledger import Ledger
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run
from langspan.recording.shared_work import context_around, link

_NOWHERE: Final = Context()


def is_inside(run: Run | None) -> bool:
    """Return whether a run is an operation of a store that is under way."""
    return run is not None and run.is_open and run.kind in KINDS


class Asked(NamedTuple):
    """For whom a background task works.

    Attributes:
        runs: The open runs that asked, each once.
        context: The context to work in.
        is_shared: Whether there are several.
    """

    runs: list[Run]
    context: Context
    is_shared: bool

    def linking(
        self, body: Callable[..., Awaitable[Any]], guard: Guard, recorder: Recorder
    ) -> Callable[..., Awaitable[Any]]:
        """Return `body`, which first links the run that it is in with those that asked."""

        async def linked(*args: Any, **kwargs: Any) -> Any:
            work = recorder.innermost()
            if work is not None:
                guard.call(link, work, self.runs)
            return await body(*args, **kwargs)

        return linked


class Askers:
    """Those that have asked a batching store, until its background task takes up what they asked for.

    Args:
        ledger: The record of the patches.
        recorder: The recorder of the runs.
    """

    def __init__(self, ledger: Ledger, recorder: Recorder) -> None:
        self._ledger, self._recorder = ledger, recorder
        # By the store's queue: a store may be of the application's own class, whose `__hash__` is not run.
        self._waiting: weakref.WeakKeyDictionary[Any, list[Run | Context]] = weakref.WeakKeyDictionary()

    def patch(self, guard: Guard, module: ModuleType) -> None:
        """Patch the class of batching stores.

        Args:
            guard: The error boundary.
            module: `langgraph.store.base.batch`.
        """
        note = self._note

        def wrapper(wrapped: Any, store: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            guard.call(note, store)
            # A task takes along the context in which it is made, and lives longer than what is current there.
            return run_in_context(_NOWHERE, wrapped, *args, **kwargs)

        self._ledger.wrap(module.AsyncBatchedBaseStore, "_ensure_task", wrapper)

    def _note(self, store: Any) -> None:
        """Note who asks: a run, or a context in which nothing is recorded."""
        context, run = otel.get_current(), self._recorder.innermost()
        asker = run if is_inside(run) else context if self._is_silent(context) else None
        if asker is not None and not self._ledger.closed:
            self._waiting.setdefault(stored(store, "_aqueue"), []).append(asker)

    def take(self, store: Any) -> Asked | None:
        """Return for whom the running code works; None if it is not a store's background task."""
        task = stored(store, "_task")
        if task is None or self._ledger.closed or asyncio.current_task() is not task:
            return None
        waiting = self._waiting.pop(stored(store, "_aqueue"), [])
        asked = dict.fromkeys(each for each in waiting if isinstance(each, Run))
        runs = [run for run in asked if run.is_open and run.is_recording]
        if len(runs) > 1:
            return Asked(runs, context_around(runs), is_shared=True)
        silent = [run.context for run in asked if run.is_open and not run.is_recording]
        silent += [each for each in waiting if isinstance(each, Context)]
        contexts = [run.context for run in runs] or silent or [_NOWHERE]
        return Asked(runs, contexts[0], is_shared=False)

    def _is_silent(self, context: Context) -> bool:
        if any(context.get(key) for key in SUPPRESSION_KEYS):
            return True
        return self._recorder.in_unsampled_trace()
