"""One tenant of a router: its provider, and what is open in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import Tracer, TracerProvider


class Tenant(SpanProcessor):
    """One tenant with its provider; it counts the spans that are open there.

    Args:
        key: The tenant's name.
        provider: Its provider; None while it is to be made.
        owned: Whether the router closes it.
    """

    def __init__(self, key: str, provider: TracerProvider | None = None, *, owned: bool = True) -> None:
        self.key = key
        self.provider = provider
        self.owned = owned
        self.open = 0
        self.on_idle: Callable[[Tenant], None] | None = None
        self.making = threading.RLock()
        self.is_making = False
        self._lock = threading.RLock()
        self._tracers: dict[Any, Tracer] = {}

    def tracer(self, scope: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> Tracer:
        """Return the provider's tracer of a scope."""
        found = self._tracers.get(str((scope, named)))
        if found is None:
            assert self.provider is not None  # noqa: S101 - it was entered
            found = self._tracers[str((scope, named))] = self.provider.get_tracer(*scope, **dict(named))
        return found

    def enter(self) -> None:
        """Count a span that is about to start."""
        with self._lock:
            self.open += 1

    def release(self) -> None:
        """Count one less; the last one closes a provider that is no longer wanted."""
        if not self.owned:
            return
        with self._lock:
            self.open -= 1
            on_idle = self.on_idle if self.open <= 0 else None
        if on_idle is not None:
            on_idle(self)

    def retire(self, on_idle: Callable[[Tenant], None]) -> None:
        """Have the provider closed as soon as nothing is open in it."""
        with self._lock:
            self.on_idle = on_idle
            is_idle = self.open <= 0
        if is_idle:
            on_idle(self)

    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002 - the SDK's form
        """Count a span that has started."""
        self.enter()

    def on_end(self, span: Any) -> None:  # noqa: ARG002 - the SDK's form
        """Count a span that has ended."""
        self.release()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's form
        """Say that there is nothing to wait for; what older SDKs inherit says that something is left."""
        return True

    def unlock(self) -> None:
        """Take new locks, in a forked child."""
        self.making, self._lock = threading.RLock(), threading.RLock()
