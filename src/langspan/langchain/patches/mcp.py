"""Requests of MCP clients made inside a run: spans, attributes of tools, and trace context in `_meta`.

All of them pass through one method of the session, in the context of whoever asks: what a persistent session
does in tasks of its own does not matter. From version 2 on the client makes spans and sends the context by
itself; then only the spans of tools are completed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any, Final, NamedTuple
from uuid import UUID

import wrapt
from opentelemetry import context as otel
from opentelemetry import propagate, trace

from langspan._events import Started
from langspan._guard import Guard
from langspan._reading import bases, is_base, own_attributes, stored
from langspan._values import as_id
from langspan.context.private_names import SUPPRESSION_KEYS
from langspan.conventions import mcp, names
from langspan.kinds.mcp import (
    CALL,
    MCP_REQUEST,
    MCP_TOOL_CALL,
    REQUEST,
    McpRequest,
    failure,
    mcp_request,
    reported_error,
    request_facts,
)
from langspan.kinds.tools import TOOL
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, call_started
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.mcp_connections import Connections
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

_SEND: Final = "send_request"
_TRACE: Final = frozenset({"traceparent", "tracestate"})
_BAGGAGE: Final = "baggage"
_META: Final = "_meta"
_PARAMS: Final = "params"
# The packages that make LangChain tools of MCP tools.
_ADAPTERS: Final = ("langchain_mcp_adapters.tools", "langchain.mcp.tools")


def patch(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the method that sends a session's requests.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the requests.
        module: `mcp.client.session`.
    """
    session = module.ClientSession
    owners = (cls for cls in bases(session) if _SEND in own_attributes(cls))
    owner = next(owners, session)
    connections = Connections(ledger, guard)
    connections.watch()
    requests = _Requests(ledger, guard, handler.recorder, session, connections)
    # The older client has the method from a base class that it shares with servers.
    ledger.wrap(owner, _SEND, requests.completing() if owner is session else requests.recording())


class _Sent(NamedTuple):
    """A request that is about to be sent.

    Attributes:
        session: The session that sends it.
        request: What is told of it.
        around: The run that it is made in; None outside of any.
        tool: That run, if it is the run of the very tool that the request calls.
    """

    session: Any
    request: McpRequest
    around: Run | None
    tool: Run | None


class _Requests:
    """Makes the wrappers of the method that sends requests."""

    def __init__(
        self, ledger: Ledger, guard: Guard, recorder: Recorder, session: type, connections: Connections
    ) -> None:
        self._ledger, self._guard, self._recorder = ledger, guard, recorder
        self._session, self._connections = session, connections

    def recording(self) -> Wrapper:
        """Return a wrapper that records requests, and sends trace context with them."""
        record_call, record_other = (
            CallRecorder(self._ledger, self._guard, self._recorder, kind).awaiting(_started, None, failure)
            for kind in (MCP_TOOL_CALL, MCP_REQUEST)
        )

        async def wrapper(wrapped: Any, session: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            sent = self._guard.call(self._read, session, args, kwargs)
            if sent is None:
                return await wrapped(*args, **kwargs)
            sending = functools.partial(self._send, wrapped, sent, carries=sent.around is not None)
            if sent.around is None or sent.tool is not None or self._guard.call(_is_traced, sent):
                return await sending(args, kwargs)
            record = record_call if sent.request.method == CALL else record_other
            return await record(sending, sent, (args, kwargs), {})

        return wrapper

    def completing(self) -> Wrapper:
        """Return a wrapper that adds to the spans of tools what is known of their requests."""

        async def wrapper(wrapped: Any, session: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            sent = self._guard.call(self._read, session, args, kwargs)
            if sent is None or sent.tool is None:
                return await wrapped(*args, **kwargs)
            return await self._send(wrapped, sent, args, kwargs, carries=False)

        return wrapper

    def _read(self, session: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Sent | None:
        """Return what is known of a request; None if nothing is to be done about it."""
        if self._ledger.closed or not is_base(self._session, type(session)):
            return None
        facts = self._connections.facts(session)
        request_id = as_id(stored(session, "_request_id"))
        if request_id is not None:
            facts[mcp.JSONRPC_REQUEST_ID] = request_id
        request = mcp_request(args[0] if args else kwargs.get(REQUEST), facts)
        if request is None:
            return None
        run = self._recorder.innermost()
        around = run if run is not None and run.is_open and not _is_suppressed() else None
        tool = around if around is not None and _is_call_of(around, request) else None
        return _Sent(session, request, around, tool)

    async def _send(
        self, wrapped: Any, sent: _Sent, args: tuple[Any, ...], kwargs: dict[str, Any], *, carries: bool
    ) -> Any:
        """Send a request in the context that it is to continue."""
        if sent.tool is not None:
            self._guard.call(_describe, sent.tool, sent.request)
        if carries:
            args, kwargs = self._guard.call(_carrying, self._guard, args, kwargs) or (args, kwargs)
        try:
            result = await wrapped(*args, **kwargs)
        except BaseException as error:
            if sent.tool is not None:
                self._guard.call(_fail, sent.tool, error)
            raise
        self._guard.call(self._connections.answered, sent.session, result)
        if sent.tool is not None:
            self._guard.call(_judge, sent.tool, result)
        return result


class _Carrying(wrapt.ObjectProxy):  # type: ignore[type-arg] # older versions take none
    """A request that is sent with trace context; the application's own object stays as it is."""

    def __init__(self, request: Any, guard: Guard, carrier: Mapping[str, str]) -> None:
        super().__init__(request)
        self._self_guard, self._self_carrier = guard, carrier

    def model_dump(self, *args: Any, **kwargs: Any) -> Any:
        """Return what is sent, with the context in its `_meta`."""
        data = self.__wrapped__.model_dump(*args, **kwargs)
        return self._self_guard.call(_with_context, data, self._self_carrier) or data


def _carrying(
    guard: Guard, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with a request that carries the current context, if there is any."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    if not carrier:
        return args, kwargs
    if args:
        return (_Carrying(args[0], guard, carrier), *args[1:]), kwargs
    return args, {**kwargs, REQUEST: _Carrying(kwargs[REQUEST], guard, carrier)}


def _with_context(data: Mapping[str, Any], carrier: Mapping[str, str]) -> dict[str, Any]:
    """Return a request's data with context in `_meta`, unless something else has put context there."""
    params = data.get(_PARAMS) or {}
    meta = params.get(_META) or {}
    if meta.keys() & (_TRACE | carrier.keys()) - {_BAGGAGE}:
        # Part of one context and part of another would be neither.
        carrier = {name: value for name, value in carrier.items() if name == _BAGGAGE}
    return {**data, _PARAMS: {**params, _META: {**carrier, **meta}}}


def _started(run_id: UUID, sent: _Sent, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Started:
    return call_started(run_id, sent.request.params, request=sent.request)


def _is_suppressed() -> bool:
    return any(otel.get_value(key) for key in SUPPRESSION_KEYS)


def _is_traced(sent: _Sent) -> bool:
    """Whether something else has made a span for the request, which is current: FastMCP's client does."""
    span = trace.get_current_span()
    if sent.around is None or span is sent.around.span:
        return False
    attributes = getattr(span, "attributes", None) or {}
    return bool(attributes.get(mcp.MCP_METHOD_NAME) == sent.request.method)


def _is_call_of(run: Run, request: McpRequest) -> bool:
    """Whether a run is that of the tool that a request calls; its name may begin with the server's."""
    if request.method != CALL or run.kind is not TOOL or run.target is None or request.target is None:
        return False
    is_named = run.target == request.target or run.target.endswith(f"_{request.target}")
    return is_named and _is_adapted(run)


def _is_adapted(run: Run) -> bool:
    """Whether the tool of a run was made of an MCP tool."""
    coroutine = None if run.call is None else stored(run.call.instance, "coroutine")
    return type(coroutine) is FunctionType and coroutine.__module__ in _ADAPTERS


def _describe(tool: Run, request: McpRequest) -> None:
    """Have a tool's span tell of its request: of the latest one, if there are several."""
    renamed = request.target if request.target != tool.target else None
    own = {mcp.LANGSPAN_MCP_TOOL_NAME: renamed, mcp.RPC_RESPONSE_STATUS_CODE: None}
    tool.learn({**request_facts(request), **own})


def _judge(tool: Run, result: Any) -> None:
    """Note whether the server says that a tool failed: called with plain arguments, it returns a text."""
    tool.learn({names.ERROR_TYPE: reported_error(result)})


def _fail(tool: Run, error: BaseException) -> None:
    tool.learn({mcp.RPC_RESPONSE_STATUS_CODE: failure(error).get(mcp.RPC_RESPONSE_STATUS_CODE)})
