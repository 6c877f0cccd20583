"""Tail sampling in the process: the spans of a trace wait until it is complete, and go on if it is worth it.

Whoever records only appends to a deque, as for the queues: recording can happen in a finalizer or in a signal
handler, while the same thread holds any lock there is.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode, TraceFlags

from langspan._keep import Keep
from langspan._stats import SignalStats
from langspan.conventions import names
from langspan.export.forks import call_in_child

_SAMPLED: Final = int(TraceFlags.SAMPLED)
_LATEST: Final = (1 << 64) - 1
_REMEMBERED: Final = 10_000
"""So many decisions are kept for spans that end after their trace was complete."""
_SPAN_BYTES: Final = 1024
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class _Trace:
    """A trace that is not complete."""

    __slots__ = ("began", "is_worth_it", "open", "size", "spans", "tokens", "usd")

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.open = 0
        self.spans: list[ReadableSpan] = []
        self.size = 0
        self.tokens = 0
        self.usd = 0.0
        self.is_worth_it = False


class KeepSpanProcessor(SpanProcessor):
    """A span processor that passes on the traces that are worth keeping, each as a whole.

    Args:
        keep: Which ones.
        processors: Where their spans go.
    """

    def __init__(self, keep: Keep, *processors: SpanProcessor) -> None:
        self._keep, self._processors = keep, processors
        self._bound = int(keep.ratio * (_LATEST + 1))
        self._reset()
        call_in_child(self._reset)

    def _reset(self) -> None:
        """Start empty, as in a forked child: the parent sends what is the parent's."""
        self._lock = threading.Lock()
        self._events = deque[tuple[Callable[..., None], Any]]()
        self._traces = OrderedDict[int, _Trace]()
        self._decided = OrderedDict[int, bool]()
        self._held = self._size = self._left_out = 0
        self._is_over = False

    # -- what the SDK calls

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Take note that a span of a trace is open."""
        if _is_sampled(span):
            self._happen(self._start, span)
        for processor in self._processors:
            processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span, if it is sampled."""
        if _is_sampled(span):
            self._happen(self._end, span)

    def shutdown(self) -> None:
        """Decide all traces by what is known of them, and shut the processors down."""
        self._is_over = True
        self.decide_all()
        for processor in self._processors:
            processor.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have sent what is decided; return whether all of it was, and no trace waits to be decided."""
        flushed = [processor.force_flush(timeout_millis) for processor in self._processors]
        return all(flushed) and not self._held

    # -- what langspan calls

    def mark_evaluated(self, trace_id: int) -> None:
        """Keep a trace because it is evaluated, if it is not decided yet."""
        if self._keep.evaluated:
            self._happen(self._mark, trace_id)

    def decide_all(self) -> None:
        """Decide all traces by what is known of them, because there will be no more."""
        self._happen(self._decide_some, 0)

    def stats(self) -> SignalStats:
        """Return how many spans wait for their traces, and how many were left out; all count as recorded."""
        held, left_out = self._held, self._left_out
        return SignalStats(recorded=held + left_out, waiting=held, left_out=left_out)

    # -- one at a time, in the order in which it happened

    def _happen(self, step: Callable[..., None], fact: Any) -> None:
        self._events.append((step, fact))
        # Whoever holds the lock takes this event along; or looks again, if it came at the last moment.
        while self._events and self._lock.acquire(blocking=False):
            try:
                while self._events:
                    step, fact = self._events.popleft()
                    step(fact)
            finally:
                self._lock.release()

    def _start(self, span: Span) -> None:
        trace_id = _trace_id(span)
        if trace_id in self._decided:
            return
        trace = self._traces.get(trace_id)
        if trace is None:
            trace = self._traces[trace_id] = _Trace()
            parent = span.parent
            trace.is_worth_it = parent is not None and parent.is_remote and self._keep.remote == "keep"
        trace.open += 1
        self._decide_old()

    def _end(self, span: ReadableSpan) -> None:
        trace_id = _trace_id(span)
        # After the shutdown all are passed on, to be counted there as what came too late.
        kept = True if self._is_over else self._decided.get(trace_id)
        if kept is not None:
            self._pass_on([span], kept=kept)
            return
        trace = self._traces.setdefault(trace_id, _Trace())  # one that started before a fork
        trace.spans.append(span)
        trace.open -= 1
        size = _size(span)
        trace.size += size
        self._held += 1
        self._size += size
        trace.is_worth_it = trace.is_worth_it or self._is_reason(trace, span)
        if trace.open <= 0:
            self._decide(trace_id)
        self._decide_old()
        self._decide_some(self._keep.max_spans)

    def _mark(self, trace_id: int) -> None:
        trace = self._traces.get(trace_id)
        if trace is not None:
            trace.is_worth_it = True

    def _decide_old(self) -> None:
        """Decide the traces that take too long; they are in the order of their beginning."""
        latest = time.monotonic() - self._keep.max_age
        while self._traces and next(iter(self._traces.values())).began < latest:
            self._decide(next(iter(self._traces)))

    def _decide_some(self, most: int) -> None:
        """Decide the oldest traces until no more than so many spans wait, nor more bytes than may."""
        while self._traces and (self._held > most or self._size > self._keep.max_bytes or not most):
            self._decide(next(iter(self._traces)))

    def _decide(self, trace_id: int) -> None:
        trace = self._traces.pop(trace_id)
        kept = trace.is_worth_it or trace_id & _LATEST < self._bound
        self._decided[trace_id] = kept
        if len(self._decided) > _REMEMBERED:
            self._decided.popitem(last=False)
        self._pass_on(trace.spans, kept=kept)
        self._held -= len(trace.spans)
        self._size -= trace.size

    def _pass_on(self, spans: Sequence[ReadableSpan], *, kept: bool) -> None:
        if not kept:
            self._left_out += len(spans)
            return
        for processor in self._processors:
            for span in spans:
                processor.on_end(span)

    def _is_reason(self, trace: _Trace, span: ReadableSpan) -> bool:
        """Return whether an ended span makes its trace worth keeping."""
        keep, attributes = self._keep, span.attributes or _NOTHING
        if keep.errors and span.status.status_code is StatusCode.ERROR:
            return True
        if keep.outcomes and attributes.get(names.LANGSPAN_OUTCOME) in keep.outcomes:
            return True
        if keep.evaluated and names.LANGSPAN_EVALUATION_NAME in attributes:
            return True
        if keep.slower_than is not None and _is_local_root(span) and _seconds(span) > keep.slower_than:
            return True
        return self._is_large(trace, attributes)

    def _is_large(self, trace: _Trace, attributes: Mapping[str, Any]) -> bool:
        """Return whether a trace uses too much, now that it has one more ended span."""
        keep = self._keep
        if keep.more_tokens_than is not None:
            trace.tokens += _tokens(attributes)
            if trace.tokens > keep.more_tokens_than:
                return True
        if keep.dearer_than is not None:
            # Rounded, or three times a tenth would be more than 0.3.
            trace.usd = round(trace.usd + _usd(attributes), 12)
            return trace.usd > keep.dearer_than
        return False


def _is_sampled(span: ReadableSpan) -> bool:
    context = span.context
    return context is not None and bool(context.trace_flags & _SAMPLED)


def _trace_id(span: ReadableSpan) -> int:
    return span.context.trace_id if span.context is not None else 0


def _is_local_root(span: ReadableSpan) -> bool:
    return span.parent is None or span.parent.is_remote


def _seconds(span: ReadableSpan) -> float:
    return ((span.end_time or 0) - (span.start_time or 0)) / 1e9


def _tokens(attributes: Mapping[str, Any]) -> int:
    if attributes.get(names.GEN_AI_OPERATION_NAME) not in names.MODEL_CALLS:
        return 0
    both = names.GEN_AI_USAGE_INPUT_TOKENS, names.GEN_AI_USAGE_OUTPUT_TOKENS
    return sum(count for name in both if isinstance(count := attributes.get(name), int))


def _usd(attributes: Mapping[str, Any]) -> float:
    if attributes.get(names.GEN_AI_OPERATION_NAME) not in names.MODEL_CALLS:
        return 0.0
    amount = attributes.get(names.LANGSPAN_COST_AMOUNT)
    return amount if isinstance(amount, float) else 0.0


def _size(span: ReadableSpan) -> int:
    """Return about how many bytes an ended span takes: only long texts matter."""
    values = (span.attributes or _NOTHING).values()
    return _SPAN_BYTES + sum(len(value) for value in values if isinstance(value, str))
