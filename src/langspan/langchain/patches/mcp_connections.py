"""What is known of the connection behind a session: transport, address, session id, the server's name.

A client session knows no more than the two streams that it was given. The functions that open them are
patched, so that the writing stream leads to the transport; what the server says of itself is kept when it
answers. A session that was opened before is recorded without.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final, NamedTuple

import wrapt

from langspan._guard import Guard
from langspan._reading import stored
from langspan._values import Attributes, as_str
from langspan.conventions import mcp
from langspan.kinds.mcp import implementation, server_facts, told
from langspan.langchain.patches.by_identity import ByIdentity
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.providers.request import server

_TRANSPORTS: Final[Mapping[str, str]] = {
    "stdio_client": mcp.Transport.PIPE,
    "sse_client": mcp.Transport.TCP,
    "streamable_http_client": mcp.Transport.TCP,
    "streamablehttp_client": mcp.Transport.TCP,
    "websocket_client": mcp.Transport.TCP,
}
_MODULES: Final = (
    "mcp.client.stdio",
    "mcp.client.sse",
    "mcp.client.streamable_http",
    "mcp.client.websocket",
    # These have names of their own for the functions, maybe from before they were patched.
    "langchain_mcp_adapters.sessions",
    "fastmcp.client.transports.stdio",
    "fastmcp.client.transports.sse",
    "fastmcp.client.transports.http",
)


class _Transport(NamedTuple):
    facts: Attributes
    get_session_id: Any


class Connections:
    """Knows the connections of sessions, for as long as these live.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
    """

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        self._ledger, self._guard = ledger, guard
        self._transports, self._servers = ByIdentity[_Transport](), ByIdentity[Attributes]()
        self._patched: list[Any] = []

    def watch(self) -> None:
        """Patch the functions that open connections, now or when their modules are imported."""
        for name in _MODULES:
            self._ledger.when_imported(self._guard, name, self._patch)

    def answered(self, session: Any, result: Any) -> None:
        """Keep what a server says of itself, if this is its answer to `initialize`.

        Args:
            session: The session that asked.
            result: The answer.
        """
        facts = server_facts(result)
        if facts:
            self._servers.keep(session, facts)

    def facts(self, session: Any) -> Attributes:
        """Return the attributes of a session's connection, as far as they are known.

        Args:
            session: A client session.
        """
        transport = self._transports.of(_writing(session))
        found: Attributes = {**(self._servers.of(session) or _told_by(session))}
        if transport is None:
            return found
        # The method's own object is read, so that nothing is called.
        session_id = as_str(stored(getattr(transport.get_session_id, "__self__", None), "session_id"))
        return {**found, **transport.facts, **told({mcp.MCP_SESSION_ID: session_id})}

    def _patch(self, module: ModuleType) -> None:
        for name, transport in _TRANSPORTS.items():
            function = vars(module).get(name)
            # A module that was imported later has the patched one from the start.
            if function is not None and not any(function is patched for patched in self._patched):
                self._ledger.wrap(module, name, self._noting(transport))
                self._patched.append(vars(module)[name])

    def _noting(self, transport: str) -> Wrapper:
        def note(args: tuple[Any, ...], kwargs: Mapping[str, Any], streams: Any) -> None:
            url = as_str(args[0] if args else kwargs.get("url"))
            facts: Attributes = {mcp.NETWORK_TRANSPORT: transport, **(server(url) if url else {})}
            get_session_id = streams[2] if len(streams) > 2 else None  # noqa: PLR2004 - of HTTP only
            self._transports.keep(_plain(streams[1]), _Transport(facts, get_session_id))

        def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            opening = wrapped(*args, **kwargs)
            if self._ledger.closed:
                return opening
            return _Opening(opening, self._guard, functools.partial(note, args, kwargs))

        return wrapper


def _told_by(session: Any) -> Attributes:
    """What a newer session has kept of its server itself."""
    facts = server_facts(stored(session, "_initialize_result"))
    version = {mcp.MCP_PROTOCOL_VERSION: as_str(stored(session, "_negotiated_version"))}
    return told({**implementation(stored(session, "_discover_server_info")), **version, **facts})


def _writing(session: Any) -> Any:
    """The stream that a session writes to; newer ones leave it to a dispatcher."""
    stream = stored(session, "_write_stream")
    return _plain(stored(stored(session, "_dispatcher"), "_write_stream") if stream is None else stream)


def _plain(stream: Any) -> Any:
    """The stream itself; newer versions wrap it in one that carries the sender's context."""
    inner = stored(stream, "_inner")
    return stream if inner is None else inner


class _Opening(wrapt.ObjectProxy):  # type: ignore[type-arg] # older versions take none
    """A context manager of another package, which tells what it was entered with."""

    def __init__(self, opening: Any, guard: Guard, note: Callable[[Any], None]) -> None:
        super().__init__(opening)
        self._self_guard, self._self_note = guard, note

    async def __aenter__(self) -> Any:
        streams = await self.__wrapped__.__aenter__()
        self._self_guard.call(self._self_note, streams)
        return streams

    async def __aexit__(self, *error: object) -> Any:
        return await self.__wrapped__.__aexit__(*error)
