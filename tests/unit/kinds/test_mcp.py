"""What is told of requests to MCP servers, from plain data."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import AnyUrl, BaseModel, FileUrl

from langspan.kinds.mcp import failure, mcp_request, safe_uri, server_facts


class Request(BaseModel):
    """A request as newer clients have it."""

    method: Any
    params: Any = None


class Union(BaseModel):
    """What older clients wrap it in."""

    root: Any


class McpError(Exception):
    """An error as the package has it."""

    def __init__(self, error: Any) -> None:
        super().__init__("said by the server")
        self.error = error


class Data(BaseModel):
    code: Any


class Strange(str):  # noqa: SLOT000 - as applications write it
    """A text of the application's own, whose conversion is its own code."""

    def __str__(self) -> str:
        raise AssertionError("run")


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("file:///srv/terms.md", "file:///srv/terms.md"),
        ("https://user:pass@host.test:8443/a/b?token=1#part", "https://host.test:8443/a/b"),
        ("terms://host/{name}", "terms://host/{name}"),
        (AnyUrl("https://user:pass@host.test/a?token=1"), "https://host.test/a"),
        (FileUrl("file:///srv/terms.md"), "file:///srv/terms.md"),
        (Strange("terms://host/a"), "terms://host/a"),
        ("data:text/plain,secret", "data:"),
        ("data:text/plain,secret see https://host.test", "data:"),
        (AnyUrl("mailto:ada@host.test?body=http://host.test"), "mailto:"),
        ("mailto:ada@host.test", "mailto:"),
        ("no uri at all", None),
        ("http://[half", None),
        ("https://user:pa/ss@host.test/a", None),
        ("", None),
        (None, None),
        (7, None),
        (f"terms://host/{'x' * 2000}", f"terms://host/{'x' * (1024 - len('terms://host/'))}"),
    ],
)
def test_a_uri_is_told_as_far_as_it_cannot_hold_a_secret(uri: Any, told: str | None) -> None:
    assert told == safe_uri(uri)


@pytest.mark.parametrize("wrap", [lambda request: request, lambda request: Union(root=request)])
@pytest.mark.parametrize(
    ("method", "params", "target"),
    [
        ("tools/call", {"name": "t"}, "t"),
        ("prompts/get", Data(code=1).model_copy(update={"name": "p"}), "p"),
        ("tools/call", {"name": 7}, None),
        ("resources/read", {"name": "not a target"}, None),
        ("ping", None, None),
    ],
)
def test_a_request_is_read_in_either_shape(wrap: Any, method: str, params: Any, target: str | None) -> None:
    request = mcp_request(wrap(Request(method=method, params=params)), {})

    assert request is not None
    assert (method, target) == request[:2]


@pytest.mark.parametrize("value", [None, 7, Request(method=None), Union(root=3)])
def test_what_has_no_method_is_no_request(value: Any) -> None:
    assert mcp_request(value, {}) is None


def test_only_errors_of_the_protocol_have_a_code() -> None:
    assert {"rpc.response.status_code": "-32602", "error.type": "-32602"} == failure(
        McpError(Data(code=-32602))
    )
    assert {} == failure(McpError(None))
    assert {} == failure(McpError(Data(code="")))
    assert {} == failure(ValueError(Data(code=3)))


def test_an_answer_that_is_not_about_the_server_tells_nothing_of_it() -> None:
    assert {} == server_facts(Data(code=1))
    assert {} == server_facts(None)
