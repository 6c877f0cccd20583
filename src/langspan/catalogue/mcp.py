"""The catalogue's rows for requests to MCP servers, and for tools that come from one."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Level, Source, Type, constants, rows
from langspan.conventions import mcp
from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL
from langspan.kinds.tools import TOOL

_REQUESTS: Final = frozenset({MCP_TOOL_CALL, MCP_REQUEST})
_ALL: Final = _REQUESTS | {TOOL}
_CONNECTION: Final = "`instrument()` was called before the connection was opened"

MCP: Final = (
    *rows(
        Source.GENAI,
        _ALL,
        (
            mcp.MCP_METHOD_NAME,
            Type.STRING,
            Level.REQUIRED,
            "tools/call",
            "always; on a tool: it comes from an MCP server",
        ),
        (mcp.MCP_PROTOCOL_VERSION, Type.STRING, Level.RECOMMENDED, "2025-11-25", "the server has told it"),
        (mcp.MCP_SESSION_ID, Type.STRING, Level.RECOMMENDED, "1868a90c", "the server has given one"),
    ),
    *rows(
        Source.GENAI,
        frozenset({MCP_REQUEST}),
        (
            mcp.MCP_RESOURCE_URI,
            Type.STRING,
            Level.CONDITIONAL,
            "file:///srv/terms.md",
            "the request names a resource; without user, password, query and fragment",
        ),
    ),
    *rows(
        Source.CORE,
        _ALL,
        (mcp.JSONRPC_REQUEST_ID, Type.STRING, Level.CONDITIONAL, "3", "`mcp` is older than version 2"),
        (
            mcp.RPC_RESPONSE_STATUS_CODE,
            Type.STRING,
            Level.CONDITIONAL,
            "-32602",
            "the server answered with an error: its JSON-RPC code",
        ),
    ),
    *rows(
        Source.CORE,
        _ALL,
        (mcp.NETWORK_TRANSPORT, Type.STRING, Level.RECOMMENDED, "pipe", _CONNECTION),
        values=constants(mcp.Transport),
    ),
    *rows(
        Source.OWN,
        _ALL,
        (
            mcp.LANGSPAN_MCP_SERVER_NAME,
            Type.STRING,
            Level.RECOMMENDED,
            "weather",
            "the server has told it",
        ),
        (mcp.LANGSPAN_MCP_SERVER_VERSION, Type.STRING, Level.RECOMMENDED, "1.4.0", "likewise"),
    ),
    *rows(
        Source.OWN,
        frozenset({TOOL}),
        (
            mcp.LANGSPAN_MCP_TOOL_NAME,
            Type.STRING,
            Level.CONDITIONAL,
            "forecast",
            "the tool has another name in LangChain than at its server",
        ),
    ),
)
