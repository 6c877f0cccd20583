"""The attribute names of the Model Context Protocol, and of what it is sent over.

Source: OpenTelemetry's MCP conventions, core v1.41.
"""

from __future__ import annotations

from typing import Final

MCP_METHOD_NAME: Final = "mcp.method.name"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
MCP_RESOURCE_URI: Final = "mcp.resource.uri"
MCP_SESSION_ID: Final = "mcp.session.id"
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
RPC_RESPONSE_STATUS_CODE: Final = "rpc.response.status_code"
NETWORK_TRANSPORT: Final = "network.transport"
LANGSPAN_MCP_SERVER_NAME: Final = "langspan.mcp.server.name"
LANGSPAN_MCP_SERVER_VERSION: Final = "langspan.mcp.server.version"
LANGSPAN_MCP_TOOL_NAME: Final = "langspan.mcp.tool.name"


class Transport:
    """Values of `network.transport`."""

    PIPE: Final = "pipe"
    TCP: Final = "tcp"
