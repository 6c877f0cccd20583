"""Requests of MCP clients inside a run: what they are in the trace, and that nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import baggage, trace
from opentelemetry import context as otel
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import langspan
from support.drawing import drawn, written
from support.ecosystem import needed
from support.recording import Recording, instrumented, open_runs

mcp = needed("mcp")
types = needed("mcp.types")
fastmcp = needed("mcp.server.fastmcp")
memory = needed("mcp.shared.memory")
adapters = needed("langchain_mcp_adapters.tools")

CITY = {"city": "Rome"}
FOREIGN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Served:
    """A server in this process, and the `_meta` of the requests that its tools got."""

    def __init__(self) -> None:
        self.metas: list[dict[str, Any]] = []
        self.server: Any = fastmcp.FastMCP("weather")
        self.arrived, self.released = asyncio.Event(), asyncio.Event()
        self._add_tools()
        self.server.prompt()(self.greeting)
        self.server.resource("terms://host/{name}")(self.terms)

    def _add_tools(self) -> None:
        async def temperature(city: str, ctx: Any) -> str:
            self.note(ctx)
            await ctx.report_progress(1, 2)
            return "20"

        def refuse(city: str, ctx: Any) -> str:
            self.note(ctx)
            raise ValueError("not told")

        async def wait(city: str, ctx: Any) -> str:
            self.note(ctx)
            self.arrived.set()
            await self.released.wait()
            return "late"

        for function in (temperature, refuse, wait):
            function.__annotations__["ctx"] = fastmcp.Context
            self.server.add_tool(function)

    def note(self, ctx: Any) -> None:
        meta = ctx.request_context.meta
        self.metas.append({} if meta is None else meta.model_dump(exclude_none=True))

    def greeting(self, name: str) -> str:
        """Return a greeting."""
        return f"Hello {name}."

    def terms(self, name: str) -> str:
        """Return the terms."""
        return "Be kind."

    def session(self, **options: Any) -> Any:
        """An open session; as the application would have it from any transport."""
        return memory.create_connected_server_and_client_session(self.server._mcp_server, **options)


def inside(body: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
    """Run a function as a step of a chain."""

    async def step(_: Any) -> Any:
        return await body()

    return RunnableLambda(step).with_config(run_name="step").ainvoke(None)


def told(span: Any) -> dict[str, Any]:
    return {key: value for key, value in span.attributes.items() if not key.startswith("langchain.")}


def traceparent(span: Any) -> str:
    carrier: dict[str, str] = {}
    current = trace.set_span_in_context(trace.NonRecordingSpan(span.context))
    TraceContextTextMapPropagator().inject(carrier, current)
    return carrier["traceparent"]


# -- what becomes a span


async def test_requests_inside_a_run_are_spans_by_the_convention(traced: Recording) -> None:
    served = Served()

    async def body() -> None:
        await session.list_tools()
        await session.list_prompts()
        await session.get_prompt("greeting", {"name": "Ada"})
        await session.list_resource_templates()
        await session.read_resource("terms://host/spring")
        await session.send_ping()
        await session.call_tool("temperature", CITY)

    async with served.session() as session:
        await inside(body)

    assert drawn(traced.spans) == written(
        """
        step
          tools/list
          prompts/list
          prompts/get greeting
          resources/templates/list
          resources/read
          ping
          tools/call temperature
        """
    )
    assert {"CLIENT"} == {span.kind.name for span in traced.spans if span.parent is not None}
    server = {
        "langspan.mcp.server.name": "weather",
        "langspan.mcp.server.version": told(traced.named("ping"))["langspan.mcp.server.version"],
        "mcp.protocol.version": "2025-11-25",
    }
    assert told(traced.named("prompts/get greeting")) == {
        "mcp.method.name": "prompts/get",
        "gen_ai.prompt.name": "greeting",
        "jsonrpc.request.id": "3",
        **server,
    }
    assert told(traced.named("resources/read")) == {
        "mcp.method.name": "resources/read",
        "mcp.resource.uri": "terms://host/spring",
        "jsonrpc.request.id": "5",
        **server,
    }
    assert told(traced.named("tools/call temperature")) == {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "temperature",
        "jsonrpc.request.id": "7",
        **server,
    }


async def test_a_session_that_is_opened_inside_a_run_tells_of_its_server(traced: Recording) -> None:
    async def body() -> None:
        async with Served().session() as session:
            await session.initialize()

    await inside(body)

    assert {"step", "initialize"} == set(traced.names())
    answered = [told(span) for span in traced.spans if span.name == "initialize"]
    assert {"weather"} == {each["langspan.mcp.server.name"] for each in answered}
    assert {"2025-11-25"} == {each["mcp.protocol.version"] for each in answered}


async def test_outside_of_any_run_there_is_no_span_and_nothing_is_sent(traced: Recording) -> None:
    served = Served()
    with traced.tracer.start_as_current_span("request"):
        async with served.session() as session:
            await session.call_tool("temperature", CITY)

    assert ["request"] == traced.names()
    assert [{}] == served.metas


async def test_a_tool_of_a_server_is_one_span(traced: Recording) -> None:
    served = Served()
    async with served.session() as session:
        found = await adapters.load_mcp_tools(session)
        (temperature,) = [each for each in found if each.name == "temperature"]
        await inside(lambda: temperature.ainvoke(CITY))

    assert drawn(traced.spans) == written("step\n  execute_tool temperature")
    assert [{"traceparent": traceparent(traced.named("execute_tool temperature"))}] == served.metas


async def test_a_tool_whose_name_has_the_servers_is_one_span_and_tells_its_own_name(
    traced: Recording,
) -> None:
    async with Served().session() as session:
        found = await adapters.load_mcp_tools(session, server_name="weather", tool_name_prefix=True)
        await next(each for each in found if each.name == "weather_temperature").ainvoke(CITY)

    assert ["execute_tool weather_temperature"] == traced.names()
    (span,) = traced.spans
    assert "temperature" == told(span)["langspan.mcp.tool.name"]


async def test_a_call_by_hand_in_a_tool_of_another_name_is_a_span_below_it(traced: Recording) -> None:
    @tool
    async def my_temperature(city: str) -> str:
        """Tell the temperature."""
        return str((await session.call_tool("temperature", {"city": city})).content)

    async with Served().session() as session:
        await session.list_tools()  # else the session lists them when it checks what came back
        await my_temperature.ainvoke(CITY)

    assert drawn(traced.spans) == written("execute_tool my_temperature\n  tools/call temperature")
    assert "mcp.method.name" not in told(traced.named("execute_tool my_temperature"))


async def test_calls_by_hand_in_a_tool_of_the_same_name_are_spans_below_it(traced: Recording) -> None:
    @tool
    async def temperature(city: str) -> str:
        """Tell the temperature, for certain."""
        answers = [await session.call_tool("temperature", {"city": city}) for _ in range(2)]
        return str(answers[-1].content)

    async with Served().session() as session:
        await session.list_tools()
        await temperature.ainvoke(CITY)

    below = "  tools/call temperature\n" * 2
    assert drawn(traced.spans) == written(f"execute_tool temperature\n{below}")


async def test_a_tool_that_an_interceptor_calls_again_is_one_span(traced: Recording) -> None:
    async def twice(request: Any, handler: Any) -> Any:
        await handler(request)
        return await handler(request)

    served = Served()
    async with served.session() as session:
        found = await adapters.load_mcp_tools(session, tool_interceptors=[twice])
        await found[0].ainvoke(CITY)

    assert ["execute_tool temperature"] == traced.names()
    assert 2 == len(served.metas)
    assert "3" == told(traced.spans[0])["jsonrpc.request.id"]


async def test_a_client_that_makes_spans_of_its_own_gets_no_second_one(recording: Recording) -> None:
    client = needed("fastmcp.client")
    trace.set_tracer_provider(recording.provider)
    served = Served()

    async def body() -> None:
        async with client.Client(served.server) as connected:
            await connected.list_tools()
            await connected.call_tool("temperature", CITY)

    with instrumented(recording):
        await inside(body)

    ours = [span.name for span in recording.spans if span.instrumentation_scope.name == "langspan"]
    assert ["step", "initialize"] == ours
    (theirs,) = [span for span in recording.spans if span.name == "tools/call temperature"]
    assert traceparent(theirs) == served.metas[0]["traceparent"]


# -- how requests end


async def test_an_error_of_the_server_has_its_code(traced: Recording) -> None:
    async with Served().session() as session:
        with pytest.raises(mcp.McpError):
            await inside(lambda: session.get_prompt("unknown"))

    span = traced.named("prompts/get unknown")
    assert "ERROR" == span.status.status_code.name
    code = told(span)["rpc.response.status_code"]
    assert int(code) <= 0
    assert code == told(span)["error.type"]
    assert ["mcp.shared.exceptions.McpError"] == [
        event.attributes["exception.type"] for event in span.events if event.attributes
    ]


async def test_a_tool_that_reports_an_error_failed(traced: Recording) -> None:
    async with Served().session() as session:
        await inside(lambda: session.call_tool("refuse", CITY))

    span = traced.named("tools/call refuse")
    assert "ERROR" == span.status.status_code.name
    assert "tool_error" == told(span)["error.type"]


async def test_the_span_of_a_tool_has_the_code_of_its_last_call_only(traced: Recording) -> None:
    async def again(request: Any, handler: Any) -> Any:
        session._session_read_timeout_seconds = timedelta(milliseconds=1)
        with pytest.raises(mcp.McpError):
            await handler(request.override(name="wait"))
        session._session_read_timeout_seconds = None
        return await handler(request)

    served = Served()
    async with served.session() as session:
        found = {each.name: each for each in await adapters.load_mcp_tools(session)}
        hasty = await adapters.load_mcp_tools(session, tool_interceptors=[again])
        session._session_read_timeout_seconds = timedelta(milliseconds=1)
        with pytest.raises(mcp.McpError):
            await found["wait"].ainvoke(CITY)
        await hasty[0].ainvoke(CITY)
        served.released.set()

    assert drawn(traced.spans) == written(
        """
        execute_tool wait (error mcp.shared.exceptions.McpError)
        execute_tool temperature
          tools/call wait (error 408)
        """
    )
    assert "408" == told(traced.named("execute_tool wait"))["rpc.response.status_code"]
    assert "rpc.response.status_code" not in told(traced.named("execute_tool temperature"))


async def test_a_cancelled_request_is_cancelled(traced: Recording) -> None:
    served = Served()
    async with served.session() as session:
        task = asyncio.ensure_future(inside(lambda: session.call_tool("wait", CITY)))
        await served.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        served.released.set()

    assert drawn(traced.spans) == written("step (cancelled)\n  tools/call wait (cancelled)")


# -- what is sent


async def test_what_is_there_already_stays(traced: Recording) -> None:
    meta = {"traceparent": FOREIGN, "note": {"kept": [1]}}
    served = Served()

    async def body() -> None:
        await session.call_tool("temperature", CITY, meta=meta)
        await session.call_tool("temperature", CITY, meta={"tracestate": "a=b"})
        await session.call_tool("temperature", CITY, meta={"baggage": "mine=1"})

    async with served.session() as session:
        with langspan.context(user_id="ada", baggage=True):
            await inside(body)

    assert {**meta, "baggage": "user.id=ada"} == served.metas[0]
    assert {"tracestate": "a=b", "baggage": "user.id=ada"} == served.metas[1]
    assert {"traceparent", "baggage"} == served.metas[2].keys()
    assert "mine=1" == served.metas[2]["baggage"]
    assert {"traceparent": FOREIGN, "note": {"kept": [1]}} == meta


async def test_trace_state_and_baggage_travel_along(traced: Recording) -> None:
    served = Served()
    state = {"traceparent": FOREIGN, "tracestate": "vendor=1"}
    context = baggage.set_baggage("tenant", "t1", TraceContextTextMapPropagator().extract(state))
    async with served.session() as session:
        token = otel.attach(context)
        await inside(lambda: session.call_tool("temperature", CITY))
        otel.detach(token)

    (meta,) = served.metas
    assert {"tracestate": "vendor=1", "baggage": "tenant=t1"} == {
        key: value for key, value in meta.items() if key != "traceparent"
    }
    assert traceparent(traced.named("tools/call temperature")) == meta["traceparent"]


async def test_the_applications_own_parameters_stay_as_they_are(traced: Recording) -> None:
    params = types.PaginatedRequestParams(cursor=None)
    request = types.ClientRequest(types.ListToolsRequest(params=params))
    before = request.model_dump()

    async def body() -> None:
        await session.list_tools(params=params)
        await session.send_request(request=request, result_type=types.ListToolsResult)

    async with Served().session() as session:
        await inside(body)

    assert before == request.model_dump()
    assert params is request.root.params
    assert params.meta is None


async def test_progress_is_told_as_without_tracing(traced: Recording) -> None:
    seen: list[Any] = []

    async def progressed(*progress: Any) -> None:
        seen.append(progress)

    served = Served()
    async with served.session() as session:
        call = session.call_tool("temperature", CITY, progress_callback=progressed)
        await inside(lambda: call)

    assert [(1.0, 2.0, None)] == seen
    assert {"progressToken", "traceparent"} == served.metas[0].keys()
    assert 1 == served.metas[0]["progressToken"]


async def _late(session: Any) -> str:
    with pytest.raises(mcp.McpError) as raised:
        await session.call_tool("wait", CITY, timedelta(milliseconds=1))
    return str(raised.value)


async def test_a_request_that_takes_too_long_fails_as_without_tracing(recording: Recording) -> None:
    served = Served()
    async with served.session() as session:
        plain = await _late(session)
        with instrumented(recording) as handle:
            assert plain == await inside(lambda: _late(session))
            assert 0 == open_runs(handle)
        served.released.set()

    assert "408" == told(recording.named("tools/call wait"))["error.type"]


async def test_a_kept_session_sends_the_context_of_whoever_asks(traced: Recording) -> None:
    """Also if it was opened in a run that is over by then, and many ask at once."""
    served, opened, done = Served(), asyncio.Event(), asyncio.Event()
    sessions: list[Any] = []

    async def keep_open() -> None:
        async with served.session() as session:
            await session.list_tools()
            sessions.append(session)
            opened.set()
            await done.wait()

    async def open_it() -> None:
        tasks.append(asyncio.create_task(keep_open()))
        await opened.wait()

    tasks: list[asyncio.Task[None]] = []
    await inside(open_it)
    traced.clear()
    await asyncio.gather(*(inside(lambda: sessions[0].call_tool("temperature", CITY)) for _ in range(20)))
    done.set()
    await tasks[0]

    calls = [span for span in traced.spans if span.name == "tools/call temperature"]
    assert sorted(map(traceparent, calls)) == sorted(meta["traceparent"] for meta in served.metas)
    assert 20 == len(traced.trace_ids())
    assert ["step", "step/tools/call temperature"] == sorted(set(traced.paths()))


async def test_after_uninstrument_nothing_is_recorded_or_sent(recording: Recording) -> None:
    served = Served()
    async with served.session() as session:
        with instrumented(recording):
            pass
        await inside(lambda: session.call_tool("temperature", CITY))

    assert [] == recording.names()
    assert [{}] == served.metas
    assert "send_request" not in vars(mcp.ClientSession)


@asynccontextmanager
async def _suppressed() -> Any:
    token = otel.attach(otel.set_value("suppress_instrumentation", True))
    yield
    otel.detach(token)


async def test_where_instrumentation_is_suppressed_nothing_is_recorded_or_sent(traced: Recording) -> None:
    served = Served()

    async def body() -> None:
        async with _suppressed():
            await session.call_tool("temperature", CITY)

    async with served.session() as session:
        await inside(body)

    assert ["step"] == traced.names()
    assert [{}] == served.metas


async def test_in_a_trace_that_was_sampled_out_the_server_is_told_so() -> None:
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

    recording, served = Recording(sampler=ALWAYS_OFF), Served()
    with instrumented(recording):
        async with served.session() as session:
            await inside(lambda: session.call_tool("temperature", CITY))

    assert [] == recording.names()
    flags = int(served.metas[0]["traceparent"].rpartition("-")[2], 16)
    assert 0 == flags & 1
