"""A thread for calls that block longer than their caller is willing to wait."""

import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from langspan.export.guard import settle

T = TypeVar("T")


class Background:
    """Runs calls one after another on a daemon thread.

    The SDK's `force_flush` and `shutdown` ignore their timeouts. Run here, their caller waits as long as it
    chose to, and callers who gave up cost no thread each. From Python 3.12 on no thread can be started
    once the interpreter is exiting, so what must work in an exit hook calls `start` beforehand.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_call, weakref.WeakMethod(self._after_fork)))

    def start(self) -> None:
        """Start the thread, if it does not run already.

        Raises:
            RuntimeError: The interpreter is exiting, or the system has no thread left.
        """
        with self._lock:
            self._start()

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Run a call after those submitted before it; a future cancelled before its turn is not run.

        Raises:
            RuntimeError: No thread can be started.
        """
        future: Future[T] = Future()
        with self._lock:
            self._start()
            self._calls.put(partial(settle, future, call))
        return future

    def stop(self) -> None:
        """End the thread after the calls submitted so far; a later call gets a new one."""
        with self._lock:
            self._calls.put(None)
            self._calls = SimpleQueue()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=_work, args=(self._calls,), name=self._name, daemon=True)
            thread.start()
            self._thread = thread

    def _after_fork(self) -> None:
        # Only the thread that forked goes on living in the child, and the lock may have been held.
        self._lock = threading.Lock()
        self._calls = SimpleQueue()
        started, self._thread = self._thread is not None, None
        if started:
            self.start()


def _call(reference: "weakref.WeakMethod[Callable[[], None]]") -> None:
    method = reference()
    if method is not None:
        method()


def _work(calls: "SimpleQueue[Callable[[], None] | None]") -> None:
    while (call := calls.get()) is not None:
        call()
