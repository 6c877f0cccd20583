"""Children of this process that end without exit hooks: those of multiprocessing and of Celery."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from langspan.export.forks import call_in_child

# After everything else that multiprocessing does when a child ends: queues are joined at -5.
_LAST: Final = -100


class ChildProcesses:
    """Calls a function when a child process of multiprocessing or Celery ends.

    Both end children with `os._exit`, and both have a hook of their own for that. Neither is imported here:
    a process that uses them has done so before it forks, or is itself such a child.

    Args:
        finish: Sends what is queued. Called once in each child, in its main thread or in one of its own.
    """

    def __init__(self, finish: Callable[[], object]) -> None:
        self._finish = finish
        self._knows_multiprocessing = False

    def watch(self) -> None:
        """Watch for the ends of this process, if it is such a child, and of those that it forks."""
        call_in_child(self._register)
        self._register()

    def _register(self) -> None:
        self._register_with_multiprocessing()
        self._register_with_celery()

    def _register_with_multiprocessing(self) -> None:
        util: Any = sys.modules.get("multiprocessing.util")
        if util is None or self._knows_multiprocessing:
            return
        self._knows_multiprocessing = True
        # A child starts by forgetting the finalizers of its parent, and calls this afterwards.
        util.register_after_fork(self, ChildProcesses._add_finalizer)
        if sys.modules["multiprocessing.process"].parent_process() is not None:
            self._add_finalizer()

    def _add_finalizer(self) -> None:
        util: Any = sys.modules["multiprocessing.util"]
        util.Finalize(None, self._finish_last, exitpriority=_LAST)

    def _register_with_celery(self) -> None:
        shutdown: Any = getattr(sys.modules.get("celery.signals"), "worker_process_shutdown", None)
        if shutdown is not None:
            # Celery holds bound methods weakly, and ignores those that it has.
            shutdown.connect(self._on_celery_exit)

    def _on_celery_exit(self, **_details: object) -> None:
        self._finish()

    def _finish_last(self) -> None:
        """Finish, or let a thread do so after those for which multiprocessing waits before the child ends."""
        here = threading.current_thread()
        others = [thread for thread in threading.enumerate() if thread is not here and not thread.daemon]
        if not others:
            self._finish()
            return
        last = threading.Thread(target=self._finish_after, args=(others,), name="langspan-end", daemon=False)
        last.start()

    def _finish_after(self, threads: Iterable[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        self._finish()
