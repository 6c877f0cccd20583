"""Requests to a server of the Model Context Protocol: `tools/call {tool}`, and any other method by its name.

Source: OpenTelemetry's MCP conventions (client span); the request and result types of the `mcp` package. A
request that a LangChain tool is made of belongs to the tool's own span, and only adds attributes to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import as_text, bases, class_module, class_name, fields_of, stored
from langspan._values import Attributes, as_id, as_mapping, as_str, valid_utf8
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import mcp, names
from langspan.kinds.base import RunKind, RunView, no_content

REQUEST: Final = "request"
"""The key of the `McpRequest` in a start event's `extra`."""
CALL: Final = "tools/call"
_PROMPT: Final = "prompts/get"
_TARGETS: Final = frozenset({CALL, _PROMPT})
_URL_MODULES: Final = ("pydantic.networks", "pydantic_core._pydantic_core")
_ERRORS: Final = ("McpError", "MCPError")
_MAX_URI: Final = 1024  # characters


class McpRequest(NamedTuple):
    """What is told of a request.

    Attributes:
        method: The method of the protocol.
        target: The name of the tool or prompt; None for other methods.
        uri: The resource's URI, as far as it is safe to tell.
        params: The parameters, by name: the application's own objects.
        facts: Attributes of the connection and of the request's id.
    """

    method: str
    target: str | None
    uri: str | None
    params: Mapping[str, Any]
    facts: Attributes


def mcp_request(request: Any, facts: Attributes) -> McpRequest | None:
    """Return what is told of a request; None if it has no method.

    Args:
        request: The request, or the union that the older client wraps it in.
        facts: Attributes of the connection and of the request's id.
    """
    inner = stored(request, "root")
    inner = request if inner is None else inner
    method = as_str(stored(inner, "method"))
    if method is None:
        return None
    given = stored(inner, "params")
    params = as_mapping(given) or fields_of(given)
    target = as_str(params.get("name")) if method in _TARGETS else None
    return McpRequest(method, target, safe_uri(params.get("uri")), params, facts)


def safe_uri(uri: Any) -> str | None:
    """Return a resource's URI without user, password, query and fragment; None if there is none.

    Of a URI without an authority, such as `data:` or `mailto:`, all but the scheme may be content.

    Args:
        uri: A string, or a URL of pydantic's.
    """
    text = as_text(uri)
    if text is None and class_module(type(uri)) in _URL_MODULES:
        text = as_text(str(uri))
    if not text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # a password with a slash in it looks like a port that is no number
    except ValueError:
        return None
    if not parts.scheme or not text[len(parts.scheme) :].startswith("://"):
        return f"{parts.scheme}:" if parts.scheme else None
    host = parts.netloc.rpartition("@")[2]
    return valid_utf8(f"{parts.scheme}://{host}{parts.path}"[:_MAX_URI])


def server_facts(result: Any) -> Attributes:
    """Return what a server says of itself in its answer to `initialize`; nothing for any other answer.

    Args:
        result: The answer.
    """
    for info, version in (("serverInfo", "protocolVersion"), ("server_info", "protocol_version")):
        found = stored(result, info)
        if found is not None:
            told_version = {mcp.MCP_PROTOCOL_VERSION: as_str(stored(result, version))}
            return told({**implementation(found), **told_version})
    return {}


def implementation(info: Any) -> dict[str, str | None]:
    """Return a server's name and version as attributes.

    Args:
        info: An `Implementation` of the protocol.
    """
    return {
        mcp.LANGSPAN_MCP_SERVER_NAME: as_str(stored(info, "name")),
        mcp.LANGSPAN_MCP_SERVER_VERSION: as_str(stored(info, "version")),
    }


def told(facts: Mapping[str, Any]) -> Attributes:
    """Return the attributes that are known."""
    return {name: value for name, value in facts.items() if value is not None}


def failure(error: BaseException) -> Attributes:
    """Return the code of a JSON-RPC error, which is also the error's type; nothing for other exceptions.

    Args:
        error: What a request raised.
    """
    if not any(class_name(cls) in _ERRORS for cls in bases(type(error))):
        return {}
    code = as_id(stored(stored(error, "error"), "code"))
    return {} if code is None else {mcp.RPC_RESPONSE_STATUS_CODE: code, names.ERROR_TYPE: code}


def request_facts(request: McpRequest) -> Attributes:
    """Return the attributes of a request, besides operation and tool. No content.

    Args:
        request: The request.
    """
    attributes: Attributes = {mcp.MCP_METHOD_NAME: request.method, **request.facts}
    if request.method == _PROMPT and request.target is not None:
        attributes[names.GEN_AI_PROMPT_NAME] = request.target
    if request.uri is not None:
        attributes[mcp.MCP_RESOURCE_URI] = request.uri
    return attributes


def _request(event: Started) -> McpRequest:
    request: McpRequest = event.extra[REQUEST]
    return request


def _tool(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    return _request(event).target


def _whole_name(event: Started, _call: Call | None, _graph: Graph | None) -> str:
    method, target = _request(event)[:2]
    return method if target is None else f"{method} {target}"


def _at_start(_run: RunView, event: Started) -> Attributes:
    return request_facts(_request(event))


def _at_end(_run: RunView, result: Any) -> Attributes:
    return server_facts(result)


def _at_failure(_run: RunView, extra: Mapping[str, Any]) -> Attributes:
    return dict(extra)


def reported_error(result: Any) -> str | None:
    """Return `error.type` if a server says that its tool failed, else None.

    Args:
        result: The `CallToolResult`; from version 2 on it names the field differently.
    """
    is_error = stored(result, "isError") is True or stored(result, "is_error") is True
    return names.TOOL_ERROR if is_error else None


def _arguments(renderer: ContentRenderer, event: Started) -> Texts:
    arguments = _request(event).params.get("arguments")
    return {names.GEN_AI_TOOL_CALL_ARGUMENTS: renderer.render(arguments, "tool_arguments")}


def _result(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.GEN_AI_TOOL_CALL_RESULT: renderer.render(stored(result, "content"), "tool_result")}


MCP_TOOL_CALL: Final = RunKind(
    name="mcp_tool_call",
    operation=names.OperationName.EXECUTE_TOOL,
    prefix=CALL,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.GEN_AI_TOOL_NAME,
    callback=None,
    target=_tool,
    provider=None,
    at_start=_at_start,
    at_end=None,
    at_failure=_at_failure,
    reported_error=reported_error,
    content_at_start=_arguments,
    content_at_end=_result,
    content_at_failure=no_content,
    # A call by hand is no call of an agent's tool: agents and metrics count those.
    metrics=(),
    measure=None,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)

MCP_REQUEST: Final = RunKind(
    name="mcp_request",
    operation=None,
    prefix=None,
    span_kind=SpanKind.CLIENT,
    target_attribute=None,
    callback=None,
    target=_whole_name,
    provider=None,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=_at_failure,
    reported_error=None,
    # Prompts and resources are what the server has, and filled in by the application.
    content_at_start=no_content,
    content_at_end=no_content,
    content_at_failure=no_content,
    metrics=(),
    measure=None,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
