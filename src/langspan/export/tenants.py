"""The providers of a router's tenants: made when needed, closed in the background when there are too many."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.trace import TracerProvider

from langspan.export.tenant import Tenant

_logger = logging.getLogger("langspan")


class RouterStats(NamedTuple):
    """What a router has done.

    Attributes:
        tenants: The tenants that have a provider now.
        closing: Providers that are to be closed: a trace is open in them, or they are being flushed.
        closed: Providers that were flushed and shut down.
        unrouted: Traces that were not recorded, because they had no tenant or it had no provider.
        failed: Calls of the application's functions and providers that raised.
    """

    tenants: int
    closing: int
    closed: int
    unrouted: int
    failed: int


class Tenants:
    """The tenants of a router, those that were not used for the longest time first.

    Args:
        make: Makes a tenant's provider.
        limit: How many providers are kept.
    """

    def __init__(self, make: Callable[[str], TracerProvider], limit: int) -> None:
        self._make = make
        self._limit = limit
        self._lock = threading.RLock()
        self._known: OrderedDict[str, Tenant] = OrderedDict()
        self._retired: dict[int, Tenant] = {}
        self._to_close: deque[Tenant] = deque()
        self._closer: threading.Thread | None = None
        self._is_shut_down = False
        self._closed = self._unrouted = self._failed = 0
        self._told: set[str] = set()

    def enter(self, key: str) -> Tenant | None:
        """Return a tenant with a provider, counted as busy; None if it cannot have one."""
        with self._lock:
            if self._is_shut_down:
                self._unrouted += 1
                return None
            tenant = self._known.get(key)
            if tenant is None:
                tenant = self._known[key] = Tenant(key)
            self._known.move_to_end(key)
            tenant.enter()
        if tenant.provider is None and not self._provide(tenant):
            tenant.release()
            self.count_unrouted()
            return None
        self._retire_surplus()
        return tenant

    def enter_again(self, tenant: Tenant) -> Tenant | None:
        """Return the tenant of a trace that goes on: the same, unless its provider is closed by now."""
        with self._lock:
            is_open = self._retired.get(id(tenant)) is tenant and tenant not in self._to_close
            if is_open or self._known.get(tenant.key) is tenant:
                tenant.enter()
                return tenant
        return self.enter(tenant.key)

    def _provide(self, tenant: Tenant) -> bool:
        """Make a tenant's provider, once; whoever comes meanwhile waits, but for `make` itself."""
        with tenant.making:
            if tenant.provider is not None or tenant.is_making:
                return tenant.provider is not None
            tenant.is_making = True
            try:
                provider = self.contained("make", self._make, tenant.key)
                if provider is not None and not hasattr(provider, "get_tracer"):
                    provider = self.contained("make", _refuse, provider)
                add = getattr(provider, "add_span_processor", None)
                if add is not None:
                    self.contained("add_span_processor", add, tenant)
                tenant.provider = provider
            finally:
                tenant.is_making = False
        if provider is None:
            with self._lock:  # the next trace tries again
                if self._known.get(tenant.key) is tenant:
                    del self._known[tenant.key]
        return provider is not None

    def _retire_surplus(self) -> None:
        """Retire those that were not used for the longest time, idle ones first."""
        while True:
            with self._lock:
                if len(self._known) <= self._limit:
                    return
                idle = next((key for key, tenant in self._known.items() if tenant.open <= 0), None)
                tenant = self._known.pop(next(iter(self._known)) if idle is None else idle)
                self._retired[id(tenant)] = tenant
            tenant.retire(self._close_soon)

    def _close_soon(self, tenant: Tenant) -> None:
        """Have a provider closed by a thread of our own: it may have to wait for a collector."""
        with self._lock:
            is_retired = self._retired.get(id(tenant)) is tenant and tenant.open <= 0
            if not is_retired or tenant in self._to_close:
                return
            self._to_close.append(tenant)
            if self._closer is not None and self._closer.is_alive():
                return
            self._closer = threading.Thread(target=self._close_all, name="langspan-router", daemon=True)
            self._closer.start()

    def _close_all(self) -> None:
        while True:
            with self._lock:
                if not self._to_close:
                    self._closer = None
                    return
                tenant = self._to_close[0]
            self._close(tenant)
            with self._lock:
                self._to_close.popleft()

    def _close(self, tenant: Tenant) -> None:
        for method in ("force_flush", "shutdown"):
            call = getattr(tenant.provider, method, None)
            if call is not None:
                self.contained(method, call)
        with self._lock:
            self._closed += 1
            self._retired.pop(id(tenant), None)

    def flush(self, deadline: float) -> bool:
        """Flush all providers until a time on the monotonic clock; return whether each said yes in time."""
        with self._lock:
            tenants = [*self._known.values(), *self._retired.values()]
        done = True
        for tenant in tenants:
            left = max(0, int((deadline - time.monotonic()) * 1000))
            call = getattr(tenant.provider, "force_flush", None)
            done = (call is None or bool(self.contained("force_flush", call, left))) and done
        return done

    def shutdown(self, timeout: float) -> None:
        """Close all providers, and wait for those that are being closed already."""
        with self._lock:
            self._is_shut_down, tenants = True, [*self._known.values()]
            self._known.clear()
            closer = self._closer
        for tenant in tenants:
            self._close(tenant)
        if closer is not None:
            closer.join(timeout)

    def stats(self) -> RouterStats:
        """Return the counts."""
        with self._lock:
            return RouterStats(
                len(self._known), len(self._retired), self._closed, self._unrouted, self._failed
            )

    def count_unrouted(self) -> None:
        """Count a trace that is not recorded."""
        with self._lock:
            self._unrouted += 1

    def contained(self, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the application's; None, counted and logged once, if it raises."""
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 - nothing of it may come to the application's own call
            with self._lock:
                self._failed += 1
                is_new = what not in self._told
                self._told.add(what)
            if is_new:
                # Without the message and the traceback: they may have a tenant's name or key in them.
                _logger.warning("langspan: %s of a router raised %s", what, type(error).__name__)
            return None

    def unlock(self) -> None:
        """Take new locks, in a forked child, where another thread may have held them."""
        self._lock, self._closer = threading.RLock(), None
        for tenant in (*self._known.values(), *self._retired.values()):
            tenant.unlock()


def _refuse(provider: object) -> None:
    raise TypeError(f"make returned {type(provider).__name__}, which is no tracer provider")
