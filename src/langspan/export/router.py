"""A tracer provider that hands each trace to the provider of its tenant, and keeps whole traces together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Tracer, TracerProvider

from langspan.export.forks import call_in_child
from langspan.export.tenant import Tenant
from langspan.export.tenants import RouterStats, Tenants

Facts: TypeAlias = Mapping[str, Any]
_NO_FACTS: Final[Facts] = {}
_REMEMBERED: Final = 32_768
"""So many spans are known as parents, oldest first forgotten; then the key decides again."""


class _Announced(NamedTuple):
    """What is known of the run whose span starts next."""

    facts: Facts = _NO_FACTS
    around: Span | None = None


class _Unrouted(NonRecordingSpan):
    """The span of a run that belongs to no tenant, and of all below it."""


def _fact(key: str, facts: Facts) -> Any:
    found = facts.get(key)
    return str(found) if type(found) in (int, UUID) else found


class Router(TracerProvider):
    """A tracer provider that sends each trace to its tenant's provider.

    Pass it to `instrument(tracer_provider=...)`. The first span of a trace in this process decides, by the
    key of its run; all below follow, whatever they say.

    Args:
        key: A key of the run's metadata, of its `configurable` or of `langspan.context(metadata=...)`, whose
            value names the tenant; or a function that returns the name. It is called with a mapping of these
            when a trace starts, in the application's call, so that it may read context variables instead.
        make: Called with a tenant's name when its first trace starts, in the application's call; returns the
            tracer provider for it, an OpenTelemetry SDK one for instance.
        default: The provider for traces without a tenant, which the router neither flushes nor closes. By
            default they are not recorded, and counted.
        max_tenants: How many providers are kept. Beyond, the one that was not used for the longest time is
            flushed and shut down in the background, once no trace is open in it.

    Raises:
        ValueError: `max_tenants` is no whole number from 1 on.
        TypeError: `key` is neither a text nor callable, or `make` is not callable.
    """

    def __init__(
        self,
        *,
        key: str | Callable[[Facts], str | None],
        make: Callable[[str], TracerProvider],
        default: TracerProvider | None = None,
        max_tenants: int = 100,
    ) -> None:
        if not callable(make):
            raise TypeError(f"Router(make={make!r}) is not callable; pass a function make(tenant)")
        if not isinstance(key, str) and not callable(key):
            raise TypeError(f"Router(key={key!r}) is invalid; pass a key of the metadata or a function")
        if type(max_tenants) is not int or max_tenants < 1:
            raise ValueError(f"Router(max_tenants={max_tenants!r}) is invalid; use a whole number from 1 on")
        self._key: Callable[[Facts], Any] = partial(_fact, key) if isinstance(key, str) else key
        self._default = None if default is None else Tenant("", default, owned=False)
        self._tenants = Tenants(make, max_tenants)
        self._announced = threading.local()
        self._of_span: dict[int, Tenant] = {}
        call_in_child(self._tenants.unlock)

    def get_tracer(self, *instrumenting: Any, **scope: Any) -> Tracer:
        """Return a tracer that hands each span to a tenant's tracer of this scope."""
        return RoutingTracer(self, instrumenting, tuple(sorted(scope.items())))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what has ended, of all tenants; return whether all of it was, in time."""
        return self._tenants.flush(time.monotonic() + timeout_millis / 1000)

    def shutdown(self, timeout: float = 30.0) -> None:
        """Flush and shut down the providers of all tenants; nothing is recorded from then on.

        Args:
            timeout: The longest time to wait for those that are being closed already, in seconds.
        """
        self._tenants.shutdown(timeout)

    def stats(self) -> RouterStats:
        """Return how many providers there are, and what became of others and of traces without one."""
        return self._tenants.stats()

    def announce(self, metadata: Facts, configurable: Facts, around: Span | None) -> None:
        """Take what is known of the run whose span starts next in this thread."""
        facts = {**configurable, **metadata} if configurable else metadata
        self._announced.next = _Announced(facts, around)

    def tenant_of(self, parent: Span) -> Tenant | None:
        """Return the tenant of a new span, which counts as busy until it is released; None without one."""
        announced = getattr(self._announced, "next", None) or _Announced()
        self._announced.next = None
        for span in (parent, announced.around):
            if isinstance(span, _Unrouted):
                return None
            known = None if span is None else self._of_span.get(span.get_span_context().span_id)
            if known is not None:
                return known if known is self._default else self._tenants.enter_again(known)
        name = self._tenants.contained("key", self._key, announced.facts)
        if type(name) is str and name:
            return self._tenants.enter(name)
        if self._default is None:
            self._tenants.count_unrouted()
        return self._default

    def remember(self, span: Span, tenant: Tenant) -> None:
        """Know a span as the parent of others."""
        self._of_span[span.get_span_context().span_id] = tenant
        if len(self._of_span) > _REMEMBERED:
            # Another thread may do the same at the same time; then one of both forgets a little later.
            for oldest in list(self._of_span)[: _REMEMBERED // 4]:
                self._of_span.pop(oldest, None)


class RoutingTracer(Tracer):
    """A tracer that hands each span to the tracer of its trace's tenant."""

    def __init__(self, router: Router, scope: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> None:
        self._router = router
        self._scope = scope
        self._named = named
        self.langspan_announce = router.announce

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Sequence[Any] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """Start a span with the provider of its trace's tenant."""
        parent = trace.get_current_span(context)
        tenant = self._router.tenant_of(parent)
        if tenant is None:
            return _Unrouted(parent.get_span_context())
        try:
            tracer = tenant.tracer(self._scope, self._named)
            span = tracer.start_span(
                name,
                context,
                kind,
                attributes,
                links,
                start_time,
                record_exception,
                set_status_on_exception,
            )
        finally:
            tenant.release()
        self._router.remember(span, tenant)
        return span

    @contextmanager
    def start_as_current_span(  # type: ignore[override] # the SDK's own decorator is private
        self, name: str, *arguments: Any, end_on_exit: bool = True, **options: Any
    ) -> Iterator[Span]:
        """Start a span as `start_span` does, and make it current in the block."""
        span = self.start_span(name, *arguments, **options)
        recording = {
            name: options[name] for name in ("record_exception", "set_status_on_exception") if name in options
        }
        with trace.use_span(span, end_on_exit, **recording) as current:
            yield current
