"""A web service whose every request makes one run: for WSGI and for ASGI servers."""

from __future__ import annotations

import os
from typing import Any

tracing: Any = None
if os.environ.get("TRACED"):
    from langchain_core.runnables import RunnableLambda

    import langspan

    tracing = langspan.instrument()


def job():
    if tracing:
        RunnableLambda(lambda value: value, name="request").invoke(1)


def wsgi(_environ, start_response):
    job()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope, _receive, send):
    assert scope["type"] == "http"
    job()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
