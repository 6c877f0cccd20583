"""SIGTERM: what is queued is sent first, then the default action ends the process."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final

from langspan.export.background import settle

SIGTERM_LIMIT: Final = 2.0
"""How long SIGTERM waits for the queue to be sent, in seconds. Supervisors kill after 10 seconds or more."""


class SigtermHandler:
    """A handler of SIGTERM for a process in which nobody else has one.

    The exit status stays what it is without the handler, because the default action still ends the process.

    Args:
        flush: Sends what is queued, within a number of seconds.
        end_process: Ends open runs and sends what is queued, within a number of seconds.
    """

    def __init__(self, flush: Callable[[float], object], end_process: Callable[[float], object]) -> None:
        self._flush = flush
        self._end_process = end_process
        self._active = False
        self._ending = False

    def install(self) -> None:
        """Install the handler, if the default one is in place and this is the main thread."""
        if os.name != "posix" or threading.current_thread() is not threading.main_thread():
            return
        current: object = signal.getsignal(signal.SIGTERM)
        if current is signal.SIG_DFL or isinstance(current, SigtermHandler):
            # Fails in the main thread of a sub-interpreter.
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGTERM, self)
                self._active = True

    def remove(self) -> None:
        """Put the default handler back, if this one is still in place.

        Python allows that in the main thread only. Called in another one, the handler stays and does no more
        than the default.
        """
        self._active = False
        in_place: object = signal.getsignal(signal.SIGTERM)
        if in_place is self:
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def __call__(self, number: int, _frame: object) -> None:
        """Handle the signal: send, then end the process as the default handler would."""
        in_place: object = signal.getsignal(number)
        if os.getpid() == 1 or in_place is not self:
            # The process goes on: the kernel spares the first process of a container, and whoever replaced
            # this handler calls it as the former one.
            if self._active:
                _call_within(SIGTERM_LIMIT, self._flush)
            return
        try:
            if self._active and not self._ending:
                self._ending = True
                _call_within(SIGTERM_LIMIT, self._end_process)
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def _call_within(seconds: float, call: Callable[[float], object]) -> None:
    """Run a call in a new thread and wait for it, because the interrupted code may hold a lock it needs.

    The thread is started without the `threading` module, whose own lock the interrupted code may hold too.
    """
    done: Future[Any] = Future()
    try:
        _thread.start_new_thread(settle, (done, lambda: call(seconds)))
    except RuntimeError:
        # No thread can be started while the interpreter exits. What then still runs was started before.
        settle(done, lambda: call(seconds))
    wait([done], seconds)
