"""A LangSmith that listens and keeps nothing: no request leaves the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from langsmith import Client
from langsmith.run_helpers import tracing_context


class Sink(requests.Session):
    """Answers every request of a LangSmith client, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.requests.append(f"{method} {url}")
        response = requests.Response()
        response.status_code = 202
        response._content = b"{}"
        return response


@contextmanager
def tracing_to(sink: Sink) -> Iterator[Sink]:
    """Let LangSmith trace everything in this block, into a sink."""
    client = Client(
        "http://langsmith.invalid", api_key="none", session=sink, auto_batch_tracing=False, info={}
    )
    with tracing_context(enabled=True, client=client):
        yield sink
