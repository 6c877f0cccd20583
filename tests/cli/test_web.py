"""Whether pages for a browser are served at an address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from langspan.cli.web import has_pages


@contextmanager
def serving(body: str, kind: str = "text/html; charset=utf-8") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("<!doctype html><title>Jaeger UI</title>", "text/html; charset=utf-8", True),
        ("<html><head>\n    <title>Test Page</title>", "text/html", False),  # a Jaeger that has none
        ("{}", "application/json", False),
    ],
)
def test_pages_are_what_a_browser_can_show(body: str, kind: str, expected: bool) -> None:
    with serving(body, kind) as url:
        assert has_pages(url) is expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc/passwd", "no address"])
def test_where_nothing_answers_there_are_none(url: str) -> None:
    assert not has_pages(url)
