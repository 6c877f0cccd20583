"""Requests of the LangGraph SDK: those made inside a run carry its trace context in their headers.

`RemoteGraph` makes its requests with the SDK, and so do deepagents' asynchronous sub-agents.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final, TypeAlias

from opentelemetry import context as otel
from opentelemetry import propagate

from langspan._guard import Guard
from langspan._reading import as_dict, class_module, stored
from langspan.context.private_names import SUPPRESSION_KEYS
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.recording.recorder import Recorder

_METHODS: Final = ("get", "post", "put", "patch", "delete", "request_reconnect", "stream")
_TRANSPORTS: Final = (
    "ProtocolSseTransport",
    "ProtocolWebSocketTransport",
    "SyncProtocolSseTransport",
    "SyncProtocolWebSocketTransport",
)
"""What makes the requests of a thread's event stream; younger versions have those."""
_BAGGAGE: Final = "baggage"
_TRACE: Final = frozenset({"traceparent", "tracestate"})

_AddHeaders: TypeAlias = Callable[[Any, Mapping[str, Any]], dict[str, Any] | None]


def patch(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the SDK's HTTP clients, and its transports of event streams.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder knows the runs.
        module: `langgraph_sdk.client`.
    """
    requesting = _requesting(guard, _adding(ledger, handler.recorder))
    for owner in (module.HttpClient, module.SyncHttpClient):
        for name in _METHODS:
            ledger.wrap(owner, name, requesting)
    transports = sys.modules.get("langgraph_sdk.stream.transport")
    for name in _TRANSPORTS if transports is not None else ():
        ledger.wrap(getattr(transports, name), "__init__", requesting)


def _adding(ledger: Ledger, recorder: Recorder) -> _AddHeaders:
    """Return a function that adds the trace context to the arguments of a request made inside a run.

    It returns None if nothing is to be added: what is there already stays, in the call or in its client.
    """

    def add(instance: Any, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        current = otel.get_current()
        if ledger.closed or recorder.innermost() is None or any(current.get(key) for key in SUPPRESSION_KEYS):
            return None
        given = _as_headers(arguments.get("headers"))
        if given is None:
            return None
        carrier: dict[str, str] = {}
        propagate.inject(carrier, current)
        client = stored(instance, "client") or arguments.get("client")
        there = {name.lower() for name in (*given, *(_as_headers(stored(client, "_headers")) or ()))}
        missing = _missing(carrier, there)
        return {**arguments, "headers": {**given, **missing}} if missing else None

    return add


def _as_headers(headers: Any) -> dict[str, Any] | None:
    """Return headers as a dictionary; None if only code of the application could tell what is in there."""
    if headers is None:
        return {}
    is_of_httpx = class_module(type(headers)).partition(".")[0] == "httpx"
    return dict(headers) if is_of_httpx else as_dict(headers)


def _missing(carrier: Mapping[str, str], there: set[str]) -> dict[str, str]:
    """Return what a propagator has written and is not there yet; parts of a trace go together, or not."""
    trace = {name: value for name, value in carrier.items() if name.lower() != _BAGGAGE}
    if there & (_TRACE | {name.lower() for name in trace}):
        trace = {}
    baggage = {name: value for name, value in carrier.items() if name.lower() == _BAGGAGE}
    return {**trace, **({} if _BAGGAGE in there else baggage)}


def _requesting(guard: Guard, add: _AddHeaders) -> Wrapper:
    """Return the wrapper of a method that makes a request."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        changed = guard.call(add, instance, kwargs)
        return wrapped(*args, **(kwargs if changed is None else changed))

    return wrapper
