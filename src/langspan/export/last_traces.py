"""The last traces that ended in this process, kept in memory for whoever wants to look at them.

Whoever records only appends to a deque, as for the queues: recording can happen in a finalizer or in a signal
handler, while the same thread holds any lock there is.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from langspan.export.forks import call_in_child

MAX_SPANS: Final = 20_000
"""How many spans are kept in all. Beyond, the oldest go first."""

MAX_BYTES: Final = 67_108_864
"""How long the texts of all of them may be together, about; likewise."""

IN_A_KERNEL: Final = 10
"""How many traces are kept in the kernel of a notebook, if nobody says."""

_SPAN_BYTES: Final = 1024


class _Kept:
    """The ended spans of a trace, and whether its root here has ended."""

    __slots__ = ("is_over", "spans")

    def __init__(self) -> None:
        self.is_over = False
        self.spans = deque[ReadableSpan]()


class LastTraces(SpanProcessor):
    """A span processor that keeps the last traces that ended.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._reset()
        call_in_child(self._reset)

    def _reset(self) -> None:
        """Start empty, as in a forked child: the lock may be held by a thread that the child lacks."""
        self._lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        self._ended = deque[ReadableSpan]()
        self._traces = OrderedDict[int, _Kept]()
        self._over = self._spans = self._size = 0

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's form
        """Say that there is nothing to wait for; what older SDKs inherit says that something is left."""
        return True

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span."""
        if not self.count:
            return
        self._ended.append(span)
        # Whoever holds the lock takes this span along; or looks again, if it came at the last moment.
        while self._ended and (lock := self._lock).acquire(blocking=False):
            try:
                self._sort_in()
            finally:
                lock.release()

    def newest(self) -> Sequence[ReadableSpan]:
        """Return the spans of the trace that ended last; none if none has ended yet."""
        with self._lock:
            self._sort_in()
            over = (kept for kept in reversed(self._traces.values()) if kept.is_over)
            return tuple(next(over).spans) if self._over else ()

    def stop(self) -> None:
        """Forget all traces and keep none, until a new count is given."""
        self.count = 0
        with self._lock:
            self._empty()

    def _sort_in(self) -> None:
        while self._ended:
            span = self._ended.popleft()
            trace_id = span.context.trace_id if span.context is not None else 0
            kept = self._traces.setdefault(trace_id, _Kept())
            kept.spans.append(span)
            self._spans += 1
            self._size += _size(span)
            if (span.parent is None or span.parent.is_remote) and not kept.is_over:
                kept.is_over = True
                self._over += 1
                self._traces.move_to_end(trace_id)
            self._forget()

    def _forget(self) -> None:
        while self._over > self.count:
            oldest = next(trace_id for trace_id, kept in self._traces.items() if kept.is_over)
            for span in self._traces.pop(oldest).spans:
                self._forget_span(span)
            self._over -= 1
        while self._spans > MAX_SPANS or self._size > MAX_BYTES:
            trace_id, kept = next(iter(self._traces.items()))
            self._forget_span(kept.spans.popleft())
            if not kept.spans:
                del self._traces[trace_id]
                self._over -= kept.is_over

    def _forget_span(self, span: ReadableSpan) -> None:
        self._spans -= 1
        self._size -= _size(span)


def _size(span: ReadableSpan) -> int:
    """Return about how many bytes an ended span takes: only long texts matter."""
    return _SPAN_BYTES + sum(
        len(value) for value in (span.attributes or {}).values() if isinstance(value, str)
    )


def keep_last_of(provider: Any, count: int) -> LastTraces:
    """Have a tracer provider keep its last traces; a second time, the same keeper goes on with another count.

    Raises:
        ValueError: It takes no span processors, because it is not the SDK's.
    """
    keeper: LastTraces | None = getattr(provider, "langspan_last_traces", None)
    if keeper is None:
        keeper = LastTraces(count)
        try:
            provider.add_span_processor(keeper)
            provider.langspan_last_traces = keeper
        except AttributeError as error:
            raise ValueError(
                f"keep_last_traces={count} needs a tracer provider of OpenTelemetry's SDK, and there is a"
                f" {type(provider).__name__}; pass one, or leave it out"
            ) from error
    keeper.count = count
    return keeper


def is_kernel() -> bool:
    """Return whether this process is the kernel of a notebook."""
    module = sys.modules.get("ipykernel.kernelapp")
    return module is not None and bool(module.IPKernelApp.initialized())
