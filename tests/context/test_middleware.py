"""Middleware of agents: each hook sees the span of the node that it belongs to."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelFallbackMiddleware,
    before_model,
    wrap_model_call,
    wrap_tool_call,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from support.agents import ASK, CONFIG, agent, drawn_agents
from support.cases import Case, Cases, check
from support.middleware import After, Around, Before
from support.models import ScriptedChat
from support.probe import Probe
from support.recording import Recording
from support.tools import adouble, double
from support.waiting import Gate, cancelled_at

cases = Cases()


@cases("""
    invoke_agent math
      node Before.before_agent
        before_agent
      node Before.before_model
        before_model
      node Before.before_model
        before_model
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool double
          http
""")
def before(probe: Probe) -> None:
    agent(probe, double(probe), middleware=[Before(probe)]).invoke(ASK)


@cases()
async def before_async(probe: Probe) -> None:
    await agent(probe, adouble(probe), middleware=[Before(probe)]).ainvoke(ASK)


@cases("""
    invoke_agent math
      node After.after_agent
        after_agent
      node After.after_model
        after_model
      node After.after_model
        after_model
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool double
          http
""")
def after(probe: Probe) -> None:
    agent(probe, double(probe), middleware=[After(probe)]).invoke(ASK)


@cases()
async def after_async(probe: Probe) -> None:
    await agent(probe, adouble(probe), middleware=[After(probe)]).ainvoke(ASK)


@cases("""
    invoke_agent math
      node model
        around_model
          chat scripted-1
            http
      node model
        around_model
          chat scripted-1
            http
      node tools
        around_tool
          execute_tool double
            http
""")
def around(probe: Probe) -> None:
    agent(probe, double(probe), middleware=[Around(probe)]).invoke(ASK)


@cases()
async def around_async(probe: Probe) -> None:
    await agent(probe, adouble(probe), middleware=[Around(probe)]).ainvoke(ASK)


@cases()
async def around_with_a_sync_tool(probe: Probe) -> None:
    await agent(probe, double(probe), middleware=[Around(probe)]).ainvoke(ASK)


@cases()
def around_streamed(probe: Probe) -> None:
    probe.consume(agent(probe, double(probe), middleware=[Around(probe)]).stream(ASK, stream_mode="updates"))


@cases()
async def around_streamed_async(probe: Probe) -> None:
    stream = agent(probe, adouble(probe), middleware=[Around(probe)]).astream(ASK, stream_mode="updates")
    await probe.aconsume(stream)


@cases("""
    invoke_agent math
      node After.after_agent
        after_agent
      node After.after_model
        after_model
      node After.after_model
        after_model
      node Before.before_agent
        before_agent
      node Before.before_model
        before_model
      node Before.before_model
        before_model
      node model
        around_model
          chat scripted-1
            http
            http
      node model
        around_model
          chat scripted-1
            http
            http
      node tools
        around_tool
          execute_tool double
            http
""")
async def all_hooks_messages(probe: Probe) -> None:
    middleware = [Before(probe), Around(probe), After(probe)]
    stream = agent(probe, adouble(probe), middleware=middleware).astream(ASK, stream_mode="messages")
    await probe.aconsume(stream)


@cases()
async def all_hooks_events(probe: Probe) -> None:
    middleware = [Before(probe), Around(probe), After(probe)]
    await probe.aconsume(
        agent(probe, adouble(probe), middleware=middleware).astream_events(ASK, version="v2")
    )


@cases("""
    invoke_agent math
      node model
        around_model
          chat scripted-1
            http
          chat scripted-1
            http
""")
def a_model_called_twice(probe: Probe) -> None:
    agent(probe, answers=("four",), middleware=[Around(probe, tries=2)]).invoke(ASK)


@cases("""
    invoke_agent math
      node look.before_model
        look
      node look.before_model
        look
      node model
        outer
          chat scripted-1
            http
      node model
        outer
          chat scripted-1
            http
      node tools
        guard
          execute_tool double
            http
""")
def hooks_by_decorator(probe: Probe) -> None:
    @before_model
    def look(state: Any, runtime: Any) -> None:
        with probe.start_as_current_span("look"):
            pass

    @wrap_model_call
    def outer(request: Any, handler: Any) -> Any:
        with probe.start_as_current_span("outer"):
            return handler(request)

    @wrap_tool_call
    def guard(request: Any, handler: Any) -> Any:
        with probe.start_as_current_span("guard"):
            return handler(request)

    agent(probe, double(probe), middleware=[look, outer, guard]).invoke(ASK)


@cases("""
    invoke_agent math (error ValueError)
      node fail.before_model (error ValueError)
        look
""")
def a_hook_that_fails(probe: Probe) -> None:
    @before_model
    def fail(state: Any, runtime: Any) -> None:
        with probe.start_as_current_span("look"):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        agent(probe, middleware=[fail]).invoke(ASK)


@cases("""
    invoke_agent math (cancelled)
      node model (cancelled)
        wait
""")
async def a_hook_that_is_cancelled(probe: Probe) -> None:
    gate = Gate()

    @wrap_model_call
    async def wait(request: Any, handler: Any) -> Any:
        with probe.start_as_current_span("wait"):
            await gate.wait()

    await cancelled_at(gate, agent(probe, middleware=[wait]).ainvoke(ASK))


@cases("""
    invoke_agent math
      node model
        chat scripted-1 (error ValueError)
          http
        chat spare
          http
""")
def another_model_when_one_fails(probe: Probe) -> None:
    fallback = ModelFallbackMiddleware(ScriptedChat(body=probe, answers=("four",), model_name="spare"))
    broken = agent(probe, middleware=[fallback], model=ScriptedChat(body=probe, fails_with=ValueError("no")))
    broken.invoke(ASK)


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node summarize.before_model
        summarize
          chat summarizer
            http
""")
def a_model_of_the_middlewares_own(probe: Probe) -> None:
    @before_model
    def summarize(state: Any, runtime: Any) -> None:
        with probe.start_as_current_span("summarize"):
            ScriptedChat(body=probe, model_name="summarizer").invoke("hi")

    agent(probe, answers=("four",), middleware=[summarize]).invoke(ASK)


@cases("""
    invoke_agent math
      node HumanInTheLoopMiddleware.after_model
      node HumanInTheLoopMiddleware.after_model
      node model
        chat scripted-1
          http
      node tools
        execute_tool double
          http
    invoke_agent math (interrupted)
      node HumanInTheLoopMiddleware.after_model (interrupted)
      node model
        chat scripted-1
          http
""")
def approval_by_a_human(probe: Probe) -> None:
    middleware = HumanInTheLoopMiddleware(interrupt_on={"double": True})
    asking = agent(probe, double(probe), middleware=[middleware], checkpointer=InMemorySaver())
    asking.invoke(ASK, CONFIG)
    probe.look("while interrupted")
    asking.invoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG)


@cases()
async def approval_by_a_human_async(probe: Probe) -> None:
    middleware = HumanInTheLoopMiddleware(interrupt_on={"double": True})
    asking = agent(probe, adouble(probe), middleware=[middleware], checkpointer=InMemorySaver())
    await asking.ainvoke(ASK, CONFIG)
    probe.look("while interrupted")
    await asking.ainvoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG)


@cases.each
def test_a_hook_sees_the_span_of_its_node(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer, draw=drawn_agents)
