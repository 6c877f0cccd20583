"""Tools: the call's span is current in the tool's code, however the tool is made and called."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool, Tool, ToolException, create_retriever_tool, tool

from support.capabilities import BETA
from support.cases import Case, Cases, check
from support.models import ScriptedChat, ScriptedRetriever, work
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps
from support.tools import adouble, double

cases = Cases()

CALL = {"type": "tool_call", "id": "call-1", "name": "double", "args": {"number": 2}}


def crash(_: Any) -> str:
    """A handler of tool errors that fails itself."""
    raise KeyError("handler")


class Doubler(BaseTool):
    """A tool class of the application's own."""

    name: str = "double"
    description: str = "Double a number."
    body: Any = None

    def _run(self, number: int, **kwargs: Any) -> int:
        with work(self.body):
            return number * 2

    async def _arun(self, number: int, **kwargs: Any) -> int:
        return self._run(number)


class SyncDoubler(BaseTool):
    """A tool class without an asynchronous side."""

    name: str = "double"
    description: str = "Double a number."
    body: Any = None

    def _run(self, number: int, config: RunnableConfig) -> int:
        with work(self.body):
            return number * 2


@cases("""
    execute_tool double
      http
""")
def invoke(probe: Probe) -> None:
    double(probe).invoke({"number": 2})


@cases()
async def ainvoke(probe: Probe) -> None:
    await adouble(probe).ainvoke({"number": 2})


@cases()
async def ainvoke_of_a_sync_tool(probe: Probe) -> None:
    await double(probe).ainvoke({"number": 2})


@cases()
def invoke_with_a_tool_call(probe: Probe) -> None:
    double(probe).invoke(CALL)


@cases()
async def ainvoke_with_a_tool_call(probe: Probe) -> None:
    await adouble(probe).ainvoke(CALL)


@cases()
def run(probe: Probe) -> None:
    double(probe).run({"number": 2})


@cases()
async def arun(probe: Probe) -> None:
    await adouble(probe).arun({"number": 2})


@cases()
def tool_class(probe: Probe) -> None:
    Doubler(body=probe).invoke({"number": 2})


@cases()
async def tool_class_async(probe: Probe) -> None:
    await Doubler(body=probe).ainvoke({"number": 2})


@cases()
async def sync_tool_class_async(probe: Probe) -> None:
    await SyncDoubler(body=probe).ainvoke({"number": 2})


@cases()
def structured_tool(probe: Probe) -> None:
    def double(number: int) -> int:
        """Double a number."""
        with probe.start_as_current_span():
            return number * 2

    StructuredTool.from_function(double).invoke({"number": 2})


@cases()
def tool_of_one_text(probe: Probe) -> None:
    Tool("double", probe.step("double"), "Double a text.").invoke("2")


@cases()
def tool_class_that_overrides_run(probe: Probe) -> None:
    class Logged(Doubler):
        def run(self, *args: Any, **kwargs: Any) -> Any:
            return super().run(*args, **kwargs)

    Logged(body=probe).invoke({"number": 2})


@cases("""
    execute_tool double
      http
    execute_tool double
      http
""")
def batch(probe: Probe) -> None:
    double(probe).batch([{"number": 1}, {"number": 2}])


@cases()
async def abatch(probe: Probe) -> None:
    await adouble(probe).abatch([{"number": 1}, {"number": 2}])


@cases("""
    execute_tool double
      http
""")
def stream(probe: Probe) -> None:
    probe.consume(double(probe).stream({"number": 2}))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(adouble(probe).astream({"number": 2}))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(adouble(probe).astream_events({"number": 2}, version="v2"))


@cases("""
    execute_tool double (error ValueError)
      http
""")
def raises(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        double(probe, ValueError("no")).invoke({"number": 2})


@cases()
async def raises_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await adouble(probe, ValueError("no")).ainvoke({"number": 2})


@cases("""
    execute_tool double (error tool_error)
      http
""")
def handled_error(probe: Probe) -> None:
    double(probe, ToolException("no"), handle_tool_error=True).invoke(CALL)


@cases()
async def handled_error_async(probe: Probe) -> None:
    await adouble(probe, ToolException("no"), handle_tool_error=True).ainvoke(CALL)


@cases("""
    execute_tool double (error KeyError)
      http
""")
def error_handler_that_raises(probe: Probe) -> None:
    with pytest.raises(KeyError):
        double(probe, ToolException("no"), handle_tool_error=crash).invoke(CALL)


@cases()
async def error_handler_that_raises_async(probe: Probe) -> None:
    with pytest.raises(KeyError):
        await adouble(probe, ToolException("no"), handle_tool_error=crash).ainvoke(CALL)


@cases("""
    execute_tool double (error pydantic_core._pydantic_core.ValidationError)
""")
def bad_arguments(probe: Probe) -> None:
    with pytest.raises(ValueError, match="number"):
        double(probe).invoke({"number": "x"})


@cases("""
    execute_tool double (error KeyError)
""")
def validation_handler_that_raises(probe: Probe) -> None:
    with pytest.raises(KeyError):
        double(probe, handle_validation_error=crash).invoke({"number": "x"})


@cases()
async def validation_handler_that_raises_async(probe: Probe) -> None:
    with pytest.raises(KeyError):
        await adouble(probe, handle_validation_error=crash).ainvoke({"number": "x"})


@cases("""
    execute_tool ask
      user
        chat scripted-1
          http
""")
def a_model_in_a_span_in_a_tool(probe: Probe) -> None:
    @tool
    def ask(question: str) -> Any:
        """Ask."""
        with probe.start_as_current_span("user"):
            return ScriptedChat(body=probe).invoke(question).content

    ask.invoke("?")


@cases()
async def a_model_in_a_span_in_a_tool_async(probe: Probe) -> None:
    @tool
    async def ask(question: str) -> Any:
        """Ask."""
        with probe.start_as_current_span("user"):
            return (await ScriptedChat(body=probe).ainvoke(question)).content

    await ask.ainvoke("?")


@cases(
    """
    execute_tool ask
      RunnableSequence
        a
          http
        b
          http
""",
    marks=(BETA,),
)
def a_chain_in_a_tool(probe: Probe) -> None:
    steps(probe, "a", "b").as_tool(name="ask", description="Ask.", arg_types={"x": int}).invoke({"x": 1})


@cases(marks=(BETA,))
async def a_chain_in_a_tool_async(probe: Probe) -> None:
    chain = asteps(probe, "a", "b").as_tool(name="ask", description="Ask.", arg_types={"x": int})
    await chain.ainvoke({"x": 1})


@cases("""
    execute_tool search
      retrieval ScriptedRetriever
        http
""")
def retriever_tool(probe: Probe) -> None:
    create_retriever_tool(ScriptedRetriever(body=probe), "search", "Search.").invoke("?")


@cases()
async def retriever_tool_async(probe: Probe) -> None:
    await create_retriever_tool(ScriptedRetriever(body=probe), "search", "Search.").ainvoke("?")


@cases("""
    execute_tool double
      http
""")
def callbacks_of_the_tool_itself(probe: Probe) -> None:
    double(probe, callbacks=[BaseCallbackHandler()]).invoke({"number": 2})


@cases("""
    RunnableSequence
      a
        http
      execute_tool double
        http
""")
def in_a_chain(probe: Probe) -> None:
    (RunnableLambda(probe.step("a")) | double(probe)).invoke({"number": 2})


@cases.each
def test_a_tool_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
