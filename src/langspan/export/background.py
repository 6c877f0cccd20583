"""A thread for calls that may block longer than their caller wants to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from langspan.export.forks import call_in_child

T = TypeVar("T")


class Background:
    """A daemon thread that runs calls one after another.

    The SDK's `force_flush` and `shutdown` ignore their timeouts. When they run here, the caller waits only
    as long as it chooses, and callers that give up do not leave a thread behind each. From Python 3.12 on,
    no thread can be started while the interpreter exits, so a caller that submits from an exit hook has to
    call `start` beforehand.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        call_in_child(self._after_fork)

    def start(self) -> None:
        """Start the thread unless it is running.

        Raises:
            RuntimeError: The interpreter is exiting, or the system cannot start another thread.
        """
        with self._lock:
            self._ensure_thread()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Queue a call behind those submitted before it.

        Args:
            call: The call. It does not run if its future is cancelled before its turn.

        Returns:
            A future for the result of the call, or for the exception that it raised.

        Raises:
            RuntimeError: The thread cannot be started.
        """
        future: Future[T] = Future()
        with self._lock:
            self._ensure_thread()
            self._calls.put(partial(settle, future, call))
        return future

    def stop(self) -> None:
        """End the thread after the calls submitted so far; a later call starts a new one."""
        with self._lock:
            self._calls.put(None)
            self._calls = SimpleQueue()
            self._thread = None

    def _ensure_thread(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=_run_calls, args=(self._calls,), name=self._name, daemon=True)
            thread.start()
            self._thread = thread

    def _after_fork(self) -> None:
        # Only the forking thread survives in the child, and the lock may have been held by another one.
        self._lock = threading.Lock()
        self._calls = SimpleQueue()
        started, self._thread = self._thread is not None, None
        if started:
            self.start()


def _run_calls(calls: SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()


def settle(future: Future[T], call: Callable[[], T]) -> None:
    """Run a call and set its result, or the exception it raised, on a future that was not cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result: Any = call()
    except Exception as error:  # noqa: BLE001 - passed on to the future
        future.set_exception(error)
    else:
        future.set_result(result)
