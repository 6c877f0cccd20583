"""A traced MCP server in a process of its own: `python -m ecosystem.mcp_server stdio|http|sse|websocket`.

It exports to `OTEL_EXPORTER_OTLP_ENDPOINT`. Over HTTP, its first line on the standard output is its URL.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

SERVICE = "mcp-server"
server: Any = FastMCP("weather", version="1.4.0")


@server.tool
def temperature(city: str) -> int:
    """Tell the temperature in a city."""
    return 20


@server.tool
def refuse(city: str) -> str:
    """Refuse to tell anything."""
    raise ToolError(f"not of {city}")


@server.tool
async def told(ctx: Context) -> dict[str, Any]:
    """Tell which `_meta` the request came with, after some progress."""
    await ctx.report_progress(1, 2)
    request = ctx.request_context
    meta = None if request is None else request.meta
    if meta is None or isinstance(meta, dict):  # as from version 2 of `mcp` on
        return dict(meta or {})
    return meta.model_dump(exclude_none=True)


@server.resource("terms://host/{name}")
def terms(name: str) -> str:
    """Return the terms."""
    return "Be kind."


@server.prompt
def greeting(name: str) -> str:
    """Return a greeting."""
    return f"Hello {name}."


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """Serve a connection; only `mcp` 1.x knows how, and says that it is no part of the protocol any more."""
    from mcp.server.websocket import websocket_server

    low = server._mcp_server
    async with websocket_server(scope, receive, send) as (reading, writing):
        await low.run(reading, writing, low.create_initialization_options())


def main(transport: str) -> None:
    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    provider.add_span_processor(
        SimpleSpanProcessor(OTLPSpanExporter(f"{os.environ['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces"))
    )
    trace.set_tracer_provider(provider)
    if transport == "stdio":
        server.run(show_banner=False)
        return
    listening = socket.create_server(("127.0.0.1", 0))
    os.write(1, f"http://127.0.0.1:{listening.getsockname()[1]}/mcp\n".encode())
    app = websocket if transport == "websocket" else server.http_app("/mcp", transport=transport)
    config = uvicorn.Config(app, log_level="error", lifespan="off" if app is websocket else "on")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
