"""Beside what else is in the context: hidden runs, baggage, suppression, other instrumentations."""

from __future__ import annotations

from typing import Any

import httpx
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from opentelemetry import baggage, trace
from opentelemetry import context as otel
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation

from support.cases import Case, Cases, check
from support.graphs import START_STATE, State, anode, line, node
from support.models import ScriptedChat, StreamingChat
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps, words
from support.tools import double

cases = Cases()

HIDDEN = {"tags": ["langsmith:hidden"]}


@cases("""
    RunnableSequence
      a
        http
      http
        http
""")
def a_hidden_step_and_what_inherits_its_tag(probe: Probe) -> None:
    hidden = RunnableLambda(probe.step("hidden", steps(probe, "inner").invoke)).with_config(HIDDEN)
    (steps(probe, "a") | hidden).invoke(1)


@cases()
async def a_hidden_step_and_what_inherits_its_tag_async(probe: Probe) -> None:
    async def hidden(value: Any) -> Any:
        with probe.start_as_current_span():
            return await asteps(probe, "inner").ainvoke(value)

    await (asteps(probe, "a") | RunnableLambda(hidden).with_config(HIDDEN)).ainvoke(1)


@cases("""
    http
""")
def a_hidden_root(probe: Probe) -> None:
    RunnableLambda(steps(probe, "inner").invoke).invoke(1, config=HIDDEN)


@cases("""
    invoke_workflow
      node a
        http
""")
def a_hidden_runnable_in_a_node(probe: Probe) -> None:
    graph = StateGraph(State)
    graph.add_node("a", RunnableLambda(node(probe, "a")).with_config(HIDDEN))
    graph.add_edge(START, "a")
    graph.compile().invoke(START_STATE)


@cases("""
    outer
      user
        inner
          http
""")
def a_hidden_tool_that_runs_a_chain(probe: Probe) -> None:
    @tool
    def ask(question: str) -> Any:
        """Ask."""
        with probe.start_as_current_span("user"):
            return steps(probe, "inner").invoke(question)

    ask.tags = HIDDEN["tags"]
    RunnableLambda(lambda _: ask.invoke("?"), name="outer").invoke(1)


@cases()
async def a_hidden_tool_that_runs_a_chain_async(probe: Probe) -> None:
    @tool
    async def ask(question: str) -> Any:
        """Ask."""
        with probe.start_as_current_span("user"):
            return await asteps(probe, "inner").ainvoke(question)

    ask.tags = HIDDEN["tags"]

    async def outer(_: Any) -> Any:
        return await ask.ainvoke("?")

    await RunnableLambda(outer).ainvoke(1)


@cases("""
    http
""")
def a_hidden_tool(probe: Probe) -> None:
    double(probe, tags=HIDDEN["tags"]).invoke({"number": 1})


@cases("""
    http
    http
    http
""")
def a_hidden_model(probe: Probe) -> None:
    probe.consume(StreamingChat(body=probe, answers=("a b",), tags=HIDDEN["tags"]).stream("hi"))


@cases("""
    outer
      http
        http
""")
def one_hidden_in_another(probe: Probe) -> None:
    inner = RunnableLambda(steps(probe, "deep").invoke).with_config(HIDDEN)
    middle = RunnableLambda(inner.invoke).with_config(HIDDEN)
    RunnableLambda(probe.step("outer", middle.invoke)).invoke(1)


def tells(probe: Probe, expected: Any) -> Any:
    """A step that notes a fault unless it finds that tenant in the baggage."""

    def step(value: Any) -> Any:
        with probe.start_as_current_span():
            if baggage.get_baggage("tenant") != expected:
                probe.faults.append(f"the baggage holds {baggage.get_all()}")
        return value

    return step


@cases("""
    RunnableSequence
      chat scripted-1
        http
      step
        http
    invoke_workflow
      node a
        http
          http
""")
def baggage_reaches_the_bodies(probe: Probe) -> None:
    token = otel.attach(baggage.set_baggage("tenant", "blue"))
    step = tells(probe, "blue")
    line(node(probe, "a", lambda _: step({"seen": []}))).invoke(START_STATE)
    (RunnableLambda(step) | ScriptedChat(body=probe)).invoke("hi")
    otel.detach(token)


@cases()
async def baggage_reaches_the_bodies_async(probe: Probe) -> None:
    token = otel.attach(baggage.set_baggage("tenant", "blue"))
    step = tells(probe, "blue")
    await line(anode(probe, "a", lambda _: step({"seen": []}))).ainvoke(START_STATE)
    await (RunnableLambda(step) | ScriptedChat(body=probe)).ainvoke("hi")
    otel.detach(token)


@cases("""
    RunnableSequence
      next
        http
      pack
        inner
          http
""")
def baggage_of_a_body_stays_in_it(probe: Probe) -> None:
    def pack(value: Any) -> Any:
        otel.attach(baggage.set_baggage("tenant", "red"))
        RunnableLambda(tells(probe, "red"), name="inner").invoke(value)
        return value

    (RunnableLambda(pack) | RunnableLambda(tells(probe, None), name="next")).invoke(1)


@cases("""
    chat scripted-1
      http
      http
""")
def baggage_of_a_stream_stays_in_it(probe: Probe) -> None:
    class Packing(StreamingChat):
        def _chunks(self) -> Any:
            otel.attach(baggage.set_baggage("tenant", "red"))
            for chunk in super()._chunks():
                tells(probe, "red")(1)
                yield chunk

    probe.consume(Packing(answers=("a b",)).stream("hi"))


unseen = RunnableLambda(lambda value: value)


def nothing(_: State) -> Any:
    return {"seen": []}


@cases("")
def suppressed(probe: Probe) -> None:
    with suppress_instrumentation():
        quiet = otel.get_current()
        (unseen | ScriptedChat()).invoke("hi")
        list(StreamingChat(answers=("a b",)).stream("hi"))
        line(nothing).invoke(START_STATE)
        if otel.get_current() != quiet:
            probe.faults.append("another context is current where instrumentation is suppressed")


@cases()
async def suppressed_async(probe: Probe) -> None:
    with suppress_instrumentation():
        await (unseen | ScriptedChat()).ainvoke("hi")
        [chunk async for chunk in StreamingChat(answers=("a b",)).astream("hi")]


@cases("""
    ask
      chat scripted-1
        http
""")
def suppressed_in_the_middle(probe: Probe) -> None:
    def ask(question: str) -> Any:
        with suppress_instrumentation():
            ScriptedChat().invoke(question)
        return ScriptedChat(body=probe).invoke(question)

    RunnableLambda(ask).invoke("hi")


@cases()
async def suppressed_in_the_middle_async(probe: Probe) -> None:
    async def ask(question: str) -> Any:
        with suppress_instrumentation():
            await ScriptedChat().ainvoke(question)
        return await ScriptedChat(body=probe).ainvoke(question)

    await RunnableLambda(ask).ainvoke("hi")


@cases("""
    words
      http
      http
""")
def suppressed_between_start_and_end(probe: Probe) -> None:
    stream = words(probe).stream(None)
    probe.first(stream)
    with suppress_instrumentation():
        list(stream)


@cases("""
    RunnableSequence
      RunnableLambda
      chat scripted-1
        POST
""")
def an_instrumented_http_client(probe: Probe) -> None:
    headers: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        headers.append(request.headers["traceparent"].split("-")[2])
        return httpx.Response(200)

    class Remote(ScriptedChat):
        def _answer(self) -> Any:
            with httpx.Client(transport=httpx.MockTransport(answer)) as client:
                HTTPXClientInstrumentor.instrument_client(client, tracer_provider=probe.recording.provider)
                client.post("http://model/")
            return super()._answer()

    (RunnableLambda(lambda value: value) | Remote()).invoke("hi")
    (sent,) = [span for span in probe.recording.spans if span.name == "POST"]
    if headers != [f"{sent.context.span_id:016x}"]:
        probe.faults.append(f"the request named {headers}")


@cases("""
    chat scripted-1
      POST
""")
async def an_instrumented_http_client_async(probe: Probe) -> None:
    class Remote(StreamingChat):
        async def _astream(self, *args: Any, **kwargs: Any) -> Any:
            transport = httpx.MockTransport(lambda _: httpx.Response(200))
            async with httpx.AsyncClient(transport=transport) as client:
                HTTPXClientInstrumentor.instrument_client(client, tracer_provider=probe.recording.provider)
                await client.post("http://model/")
                async for chunk in super()._astream(*args, **kwargs):
                    yield chunk

    await probe.aconsume(Remote(answers=("a b",)).astream("hi"))


@cases("""
    work
      by hand
        chat scripted-1
          http
""")
def a_span_that_the_application_opened_by_hand(probe: Probe) -> None:
    def work(value: Any) -> Any:
        span = probe.tracer.start_span("by hand")
        token = otel.attach(trace.set_span_in_context(span))
        result = ScriptedChat(body=probe).invoke("hi")
        otel.detach(token)
        span.end()
        return result

    RunnableLambda(work).invoke(1)


@cases.each
def test_what_else_is_in_the_context_stays_there(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
