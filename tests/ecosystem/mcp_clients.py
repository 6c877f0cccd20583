"""LangChain tools of an MCP server, by the packages of whichever version of `mcp` is installed.

With `mcp` 1.x those are `langchain_mcp_adapters`, in the lane "ecosystem"; with 2.x `langchain.mcp`, in the
lane "mcp2".
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from support.ecosystem import needed

needed("mcp")
needed("fastmcp")
IS_NEWER = int(version("mcp").partition(".")[0]) > 1
NAME = "weather"

if IS_NEWER:
    from fastmcp.client import transports

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is in beta
        adapter = needed("langchain.mcp")
else:
    client = needed("langchain_mcp_adapters.client")
    tools = needed("langchain_mcp_adapters.tools")


@asynccontextmanager
async def kept(connection: Any) -> AsyncIterator[list[Any]]:
    """The tools on a session that is kept.

    Args:
        connection: As made in `ecosystem.mcp_connections`.
    """
    if IS_NEWER:
        async with adapter.MCPAdapter(_target(connection)) as server:
            yield await server.list_tools()
    else:
        async with client.MultiServerMCPClient({NAME: connection}).session(NAME) as session:
            yield await tools.load_mcp_tools(session)


@asynccontextmanager
async def for_each_call(connection: Any) -> AsyncIterator[list[Any]]:
    """The tools that open a session for each call."""
    if IS_NEWER:
        yield await adapter.MCPAdapter(_target(connection)).list_tools()
    else:
        yield await client.MultiServerMCPClient({NAME: connection}).get_tools()


def _target(connection: Any) -> Any:
    if connection["transport"] == "stdio":
        return transports.StdioTransport(
            connection["command"], connection["args"], env=connection["env"], keep_alive=False
        )
    kinds = {"http": transports.StreamableHttpTransport, "sse": transports.SSETransport}
    return kinds[connection["transport"]](connection["url"])
