"""Requests of the LangGraph SDK inside a run carry its trace, and never in the place of anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_sdk import get_client, get_sync_client
from opentelemetry import baggage, propagate
from opentelemetry import context as otel
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from langspan.context.private_names import SUPPRESSION_KEYS
from support.agent_server import AgentServer, Request, serve
from support.recording import Recording, instrumented

OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
JSON = {"json": {"assistant_id": "echo"}}
CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda http, **more: http.get("/threads/t", **more),
    "post": lambda http, **more: http.post("/threads", **JSON, **more),
    "put": lambda http, **more: http.put("/threads/t", **JSON, **more),
    "patch": lambda http, **more: http.patch("/threads/t", **JSON, **more),
    "delete": lambda http, **more: http.delete("/threads/t", **JSON, **more),
    "request_reconnect": lambda http, **more: http.request_reconnect("/runs/wait", "POST", **JSON, **more),
    "stream": lambda http, **more: http.stream("/runs/stream", "POST", **JSON, **more),
}


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with serve() as running:
        yield running


def send(server: AgentServer, call: Callable[..., Any], client: Any = None, **more: Any) -> Request:
    """Make one request inside a run, and return what arrived."""
    http = (client or get_sync_client(url=server.url, api_key="k")).http

    def step(_: Any) -> None:
        done = call(http, **more)
        if isinstance(done, Iterator):
            list(done)

    RunnableLambda(step).with_config(run_name="step").invoke(1)
    (request,) = server.requests
    return request


def asend(server: AgentServer, call: Callable[..., Any], **more: Any) -> Request:
    async def step(_: Any) -> None:
        done = call(get_client(url=server.url, api_key="k").http, **more)
        if hasattr(done, "__aiter__"):
            _ = [part async for part in done]
        else:
            await done

    asyncio.run(RunnableLambda(step).with_config(run_name="step").ainvoke(1))
    (request,) = server.requests
    return request


def named(request: Request) -> str:
    """The trace and span that a request names."""
    return (request.header("traceparent") or "")[3:52]


def told(traced: Recording, name: str = "step") -> str:
    context = traced.named(name).context
    return f"{context.trace_id:032x}-{context.span_id:016x}"


@pytest.mark.parametrize("sending", [send, asend])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_kind_of_request_names_the_run(
    call: Callable[..., Any], sending: Callable[..., Request], server: AgentServer, traced: Recording
) -> None:
    request = sending(server, call)

    assert told(traced) == named(request)


def test_outside_of_a_run_nothing_is_added(server: AgentServer, traced: Recording) -> None:
    with traced.tracer.start_as_current_span("own"):
        CALLS["get"](get_sync_client(url=server.url, api_key="k").http)

    assert "" == named(server.requests[0])


def test_a_span_of_the_applications_own_in_a_run_is_named(server: AgentServer, traced: Recording) -> None:
    def call(http: Any) -> None:
        with traced.tracer.start_as_current_span("own"):
            http.get("/threads/t")

    assert named(send(server, call)) == told(traced, "own")


def test_a_state_that_is_there_gets_no_foreign_parent(server: AgentServer, traced: Recording) -> None:
    request = send(server, CALLS["post"], headers={"TraceState": "theirs=1"})

    assert (None, "theirs=1") == (request.header("traceparent"), request.header("tracestate"))


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "TRACEPARENT"])
@pytest.mark.parametrize("call", [CALLS["post"], CALLS["stream"]], ids=["post", "stream"])
def test_what_the_call_has_stays(
    call: Callable[..., Any], name: str, server: AgentServer, traced: Recording
) -> None:
    request = send(server, call, headers={name: OTHER})

    assert (OTHER, None) == (request.header("traceparent"), request.header("tracestate"))


def test_what_the_client_always_sends_stays(server: AgentServer, traced: Recording) -> None:
    client = get_sync_client(url=server.url, api_key="k", headers={"TraceParent": OTHER})

    assert OTHER == send(server, CALLS["get"], client).header("traceparent")


@pytest.mark.parametrize("given", [{"X-Shop": "1"}, httpx.Headers({"X-Shop": "1"})], ids=["dict", "httpx"])
def test_other_headers_stay_beside_it(given: Any, server: AgentServer, traced: Recording) -> None:
    request = send(server, CALLS["get"], headers=given)

    assert "1" == request.header("x-shop")
    assert told(traced) == named(request)
    assert {"x-shop": "1"} == {name.lower(): value for name, value in given.items()}


def test_baggage_goes_along(server: AgentServer, traced: Recording) -> None:
    def call(http: Any) -> None:
        token = otel.attach(baggage.set_baggage("shop", "north"))
        http.get("/threads/t")
        otel.detach(token)

    assert "shop=north" == send(server, call).header("baggage")


def test_baggage_that_is_there_stays_as_it_is(server: AgentServer, traced: Recording) -> None:
    def call(http: Any) -> None:
        token = otel.attach(baggage.set_baggage("shop", "north"))
        http.get("/threads/t", headers={"Baggage": "langsmith-project=p"})
        otel.detach(token)

    request = send(server, call)
    assert "langsmith-project=p" == request.header("baggage")
    assert told(traced) == named(request)


@pytest.mark.parametrize(
    ("propagator", "sent"),
    [(TraceContextTextMapPropagator(), {"traceparent"}), (W3CBaggagePropagator(), {"baggage"})],
    ids=["tracecontext", "baggage"],
)
def test_only_what_opentelemetry_is_configured_to_send_is_sent(
    propagator: Any, sent: set[str], server: AgentServer, traced: Recording
) -> None:
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(CompositePropagator([propagator]))

    def call(http: Any) -> None:
        token = otel.attach(baggage.set_baggage("shop", "north"))
        http.get("/threads/t")
        otel.detach(token)

    try:
        request = send(server, call)
    finally:
        propagate.set_global_textmap(before)
    assert sent == {name for name in ("traceparent", "baggage") if request.header(name) is not None}


def test_where_instrumentation_is_suppressed_nothing_is_added(server: AgentServer, traced: Recording) -> None:
    def call(http: Any) -> None:
        token = otel.attach(otel.set_value(SUPPRESSION_KEYS[0], value=True))
        http.get("/threads/t")
        otel.detach(token)

    assert "" == named(send(server, call))


def test_with_httpx_instrumented_its_span_is_named_once(server: AgentServer, recording: Recording) -> None:
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx").HTTPXClientInstrumentor()
    with instrumented(recording):
        instrumentation.instrument(tracer_provider=recording.provider)
        try:
            request = send(server, CALLS["get"])
        finally:
            instrumentation.uninstrument()

    (span,) = [each for each in recording.spans if each.name != "step"]
    assert named(request) == told(recording, span.name)
    assert "step" == recording.parent(span)


def test_headers_that_only_the_application_could_read_are_left_alone(
    server: AgentServer, traced: Recording
) -> None:
    class Artful(dict[str, str]):
        def items(self) -> Any:
            raise AssertionError("langspan must not call this")

        __iter__ = __getitem__ = items  # type: ignore[assignment]

    from langspan.langchain.patches.sdk_requests import _as_headers

    assert {"a": "b"} == _as_headers(Artful(a="b"))
    assert _as_headers(["a", "b"]) is None
