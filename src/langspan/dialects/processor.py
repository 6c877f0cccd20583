"""A span processor that hands on spans in other words besides."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from langspan.dialects import DIALECTS, dialects
from langspan.dialects.facts import USAGE_PREFIX, Facts

_logger = logging.getLogger("langspan")
_SCOPE = "langspan"


class TranslatedSpan(ReadableSpan):
    """An ended span with other attributes."""

    def __init__(self, span: ReadableSpan, attributes: dict[str, Any]) -> None:
        super().__init__(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=attributes,
            events=span.events,
            links=span.links,
            kind=span.kind,
            status=span.status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )
        self._original = span

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the SDK has dropped of the span as it was."""
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        """How many events it has dropped."""
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        """How many links it has dropped."""
        return self._original.dropped_links


class DialectSpanProcessor(SpanProcessor):
    """A span processor that says what langspan's spans say in the words of other readers besides.

    `instrument(dialect=...)` does this to the provider that it builds. With a provider of your own, give this
    processor the one that exports, and add it in its place. Spans of others are handed on as they are.

    The sums of tokens on agents and roots are left out, since these readers add up every span's tokens.

    Args:
        dialect: The dialect, `"openinference"` or `"langfuse"`, or a list of them.
        processors: Where spans go from here.

    Raises:
        ValueError: There is no such dialect.
    """

    def __init__(self, dialect: str | Collection[str], *processors: SpanProcessor) -> None:
        self._translate = [DIALECTS[name] for name in dialects("dialect", dialect)]
        self._processors = processors
        self._has_told = False

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Hand on a span that starts."""
        for processor in self._processors:
            processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on a span in other words besides; as it is, should that fail."""
        scope = span.instrumentation_scope
        if scope is not None and scope.name == _SCOPE:
            try:
                span = self._translated(span)
            except Exception:  # the span is worth more than its translation
                if not self._has_told:
                    self._has_told = True
                    _logger.exception("langspan: a span is exported without its dialect")
        for processor in self._processors:
            processor.on_end(span)

    def _translated(self, span: ReadableSpan) -> ReadableSpan:
        held = dict(span.attributes or {})
        is_root = span.parent is None or span.parent.is_remote
        facts = Facts(span.name, span.start_time or 0, is_root, held)
        kept = held
        if not facts.counts_tokens:
            kept = {name: value for name, value in held.items() if not name.startswith(USAGE_PREFIX)}
        told: dict[str, Any] = {}
        for translate in self._translate:
            told.update(translate(facts))
        return TranslatedSpan(span, {**told, **kept})

    def shutdown(self) -> None:
        """Shut down where spans go."""
        for processor in self._processors:
            processor.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush where spans go; return whether all did, in time."""
        until = time.monotonic() + timeout_millis / 1000
        done = True
        for processor in self._processors:
            left = max(0, int((until - time.monotonic()) * 1000))
            done = processor.force_flush(left) and done
        return done
