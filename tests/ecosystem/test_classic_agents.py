"""Classic agents: an `AgentExecutor` of any kind is an agent, however it is called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from support.drawing import drawn, written
from support.ecosystem import Counting, check_counted, needed
from support.models import ScriptedChat, StreamingChat, tool_call, usage
from support.recording import Recording, instrumented, open_runs

classic = needed("langchain_classic.agents")
chains = needed("langchain_classic.chains")
memories = needed("langchain_classic.base_memory")

ASK = {"input": "1 + 2?"}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


def invoke(executor: Any, config: Any) -> Any:
    return executor.invoke(ASK, config)["output"]


def ainvoke(executor: Any, config: Any) -> Any:
    return asyncio.run(executor.ainvoke(ASK, config))["output"]


def stream(executor: Any, config: Any) -> Any:
    return list(executor.stream(ASK, config))[-1]["output"]


def astream(executor: Any, config: Any) -> Any:
    async def main() -> Any:
        return [step async for step in executor.astream(ASK, config)]

    return asyncio.run(main())[-1]["output"]


def iterate(executor: Any, config: Any) -> Any:
    return list(executor.iter(ASK, config["callbacks"]))[-1]["output"]


def aiterate(executor: Any, config: Any) -> Any:
    async def main() -> Any:
        return [step async for step in executor.iter(ASK, config["callbacks"])]

    return asyncio.run(main())[-1]["output"]


Way = Callable[[Any, Any], Any]
ALL = (invoke, ainvoke, stream, astream, iterate, aiterate)
WAYS = pytest.mark.parametrize("way", ALL, ids=lambda way: way.__name__)
CALLS = pytest.mark.parametrize("way", ALL[:4], ids=lambda way: way.__name__)


def calling() -> StreamingChat:
    request = tool_call("add", a=1, b=2)
    request.usage_metadata = usage(3, 4)
    return StreamingChat(answers=(request, AIMessage("three", usage_metadata=usage(5, 6))))


def tool_calling(executor: Any = classic.AgentExecutor, **options: Any) -> Any:
    """An agent whose model calls tools."""
    prompt = ChatPromptTemplate.from_messages([("human", "{input}"), ("placeholder", "{agent_scratchpad}")])
    agent = classic.create_tool_calling_agent(calling(), [add], prompt)
    return executor(agent=agent, tools=[add], **options)


REACTING = ("Thought: hm\nAction: shout\nAction Input: hi", "Final Answer: HI")
STRUCTURED = (
    'Action:\n```\n{"action": "shout", "action_input": {"text": "hi"}}\n```',
    'Action:\n```\n{"action": "Final Answer", "action_input": "HI"}\n```',
)


def reacting() -> Any:
    """An agent that names tools in its text."""
    prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
    agent = classic.create_react_agent(ScriptedChat(answers=REACTING), [shout], prompt)
    return classic.AgentExecutor(agent=agent, tools=[shout])


def structured() -> Any:
    """An agent that names tools in JSON."""
    texts = [("system", "{tools} {tool_names}"), ("human", "{input} {agent_scratchpad}")]
    prompt = ChatPromptTemplate.from_messages(texts)
    agent = classic.create_structured_chat_agent(ScriptedChat(answers=STRUCTURED), [shout], prompt)
    return classic.AgentExecutor(agent=agent, tools=[shout])


def initialized() -> Any:
    """An agent of the oldest kind."""
    kind = classic.AgentType.ZERO_SHOT_REACT_DESCRIPTION
    return classic.initialize_agent([shout], ScriptedChat(answers=REACTING), agent=kind)


class Both(classic.BaseMultiActionAgent):  # type: ignore[misc] # the package is not there for type-checkers
    """An agent that asks for two tools at once, without a model."""

    @property
    def input_keys(self) -> list[str]:
        return ["input"]

    def plan(self, steps: Any, callbacks: Any = None, **_: Any) -> Any:
        if steps:
            return AgentFinish({"output": "done"}, "")
        return [AgentAction("shout", "a", ""), AgentAction("shout", "b", "")]

    async def aplan(self, steps: Any, callbacks: Any = None, **_: Any) -> Any:
        return self.plan(steps)


def asking_for_two() -> Any:
    return classic.AgentExecutor(agent=Both(), tools=[shout])


PLAN = """
          RunnableSequence
            {prompt}
            RunnableAssign<agent_scratchpad>
              RunnableParallel<agent_scratchpad>
                RunnableLambda
            chat scripted-1
            {parser}"""


def planned(prompt: str, parser: str, used: str) -> str:
    step = PLAN.format(prompt=prompt, parser=parser)
    return f"""
        invoke_agent AgentExecutor{step}{step}
          execute_tool {used}
    """


TREES = {
    tool_calling: planned("ChatPromptTemplate", "ToolsAgentOutputParser", "add"),
    reacting: planned("PromptTemplate", "ReActSingleInputOutputParser", "shout"),
    structured: planned("ChatPromptTemplate", "JSONAgentOutputParser", "shout"),
    initialized: """
        invoke_agent AgentExecutor
          LLMChain
            chat scripted-1
          LLMChain
            chat scripted-1
          execute_tool shout
    """,
    asking_for_two: """
        invoke_agent AgentExecutor
          execute_tool shout
          execute_tool shout
    """,
}


@WAYS
@pytest.mark.parametrize("application", TREES, ids=lambda each: each.__name__)
def test_the_tree_is_that_of_an_agent(traced: Recording, application: Any, way: Way) -> None:
    counting = Counting()
    way(application(), {"callbacks": [counting]})

    assert written(TREES[application]) == drawn(traced.spans)
    check_counted(counting, traced)


@WAYS
def test_an_agent_sums_up_its_model_calls_and_its_tools_know_it(traced: Recording, way: Way) -> None:
    assert "three" == way(tool_calling(), {"callbacks": []})
    agent: Any = traced.named("invoke_agent AgentExecutor").attributes

    assert (8, 10) == (agent["gen_ai.usage.input_tokens"], agent["gen_ai.usage.output_tokens"])
    assert "scripted-1" == agent["gen_ai.request.model"]
    assert "AgentExecutor" == (traced.named("execute_tool add").attributes or {})["gen_ai.agent.name"]


class Helper(classic.AgentExecutor):  # type: ignore[misc] # the package is not there for type-checkers
    """An agent of the application's own class."""


@WAYS
def test_an_agent_of_an_own_class_is_named_by_it(traced: Recording, way: Way) -> None:
    way(tool_calling(Helper), {"callbacks": []})

    assert "Helper" == (traced.named("invoke_agent Helper").attributes or {})["gen_ai.agent.name"]


@CALLS
def test_an_agents_own_name_wins_over_that_of_the_run(traced: Recording, way: Way) -> None:
    way(tool_calling(name="helper"), {"run_name": "ticket-7"})
    agent: Any = traced.named("invoke_agent helper").attributes

    assert ("helper", "ticket-7") == (agent["gen_ai.agent.name"], agent["langchain.run.name"])


def test_an_agent_has_the_conversation_of_its_config(traced: Recording) -> None:
    tool_calling().invoke(ASK, {"configurable": {"thread_id": "t-1"}})

    assert {"t-1"} == {
        (span.attributes or {})["gen_ai.conversation.id"]
        for span in traced.spans
        if span.name.startswith(("invoke_agent", "execute_tool", "chat"))
    }


def test_agents_that_are_called_at_once_have_a_conversation_and_a_name_each(traced: Recording) -> None:
    executor = tool_calling()

    async def main() -> None:
        config: list[Any] = [
            {"configurable": {"thread_id": f"t-{n}"}, "run_name": f"run-{n}"} for n in range(3)
        ]
        await asyncio.gather(*(executor.ainvoke(ASK, each) for each in config))

    asyncio.run(main())

    roots = [span for span in traced.spans if span.parent is None]
    assert {f"run-{n}": f"t-{n}" for n in range(3)} == {
        (span.attributes or {})["langchain.run.name"]: (span.attributes or {})["gen_ai.conversation.id"]
        for span in roots
        if span.name.startswith("invoke_agent")
    }
    for root in roots:
        below = [span for span in traced.spans if span.context.trace_id == root.context.trace_id]
        told = {(span.attributes or {}).get("gen_ai.conversation.id") for span in below}
        assert {(root.attributes or {})["gen_ai.conversation.id"]} == told - {None}


def test_an_agent_inside_a_chain_is_one(traced: Recording) -> None:
    (RunnableLambda(lambda given: given) | tool_calling()).invoke(ASK)

    assert "RunnableSequence" == traced.parent("invoke_agent AgentExecutor")


def test_a_chain_that_is_no_agent_stays_a_chain(traced: Recording) -> None:
    chains.TransformChain(
        input_variables=["input"],
        output_variables=["output"],
        transform=lambda given: {"output": given["input"]},
    ).invoke(ASK)

    assert ["TransformChain"] == traced.names()


def test_an_iterator_that_is_never_read_makes_no_other_chain_an_agent(traced: Recording) -> None:
    tool_calling().iter(ASK)
    RunnableLambda(lambda given: given, name="step").invoke(1)

    assert ["step"] == traced.names()


class Remembering(memories.BaseMemory):  # type: ignore[misc] # the package is not there for type-checkers
    """Runs a chain to remember."""

    @property
    def memory_variables(self) -> list[str]:
        return ["history"]

    def load_memory_variables(self, inputs: Any) -> Any:
        return {"history": RunnableLambda(lambda _: "", name="AgentExecutor").invoke("")}

    def save_context(self, inputs: Any, outputs: Any) -> None:
        pass

    def clear(self) -> None:
        pass


def test_a_chain_that_the_memory_runs_is_not_taken_for_the_agent(traced: Recording) -> None:
    tool_calling(memory=Remembering()).invoke(ASK)

    assert ["AgentExecutor", "invoke_agent AgentExecutor"] == [
        span.name for span in traced.spans if span.parent is None
    ]


class Marking(classic.AgentExecutor):  # type: ignore[misc] # the package is not there for type-checkers
    """Makes a span of its own."""

    def _call(self, inputs: Any, run_manager: Any = None) -> Any:
        with trace.get_tracer("mine", tracer_provider=RECORDINGS[-1].provider).start_as_current_span("mine"):
            return super()._call(inputs, run_manager)

    async def _acall(self, inputs: Any, run_manager: Any = None) -> Any:
        with trace.get_tracer("mine", tracer_provider=RECORDINGS[-1].provider).start_as_current_span("mine"):
            return await super()._acall(inputs, run_manager)


RECORDINGS: list[Recording] = []


@pytest.mark.parametrize("way", ALL[:2], ids=lambda way: way.__name__)
def test_an_agents_span_is_current_in_its_body(traced: Recording, way: Way) -> None:
    RECORDINGS.append(traced)
    way(tool_calling(Marking), {})

    assert "invoke_agent Marking" == traced.parent("mine")
    assert "mine" == traced.parent("execute_tool add")


def test_an_agent_that_fails_is_an_error_and_raises_the_same(traced: Recording) -> None:
    error = ValueError("no")
    prompt = ChatPromptTemplate.from_messages([("human", "{input}"), ("placeholder", "{agent_scratchpad}")])
    agent = classic.create_tool_calling_agent(ScriptedChat(fails_with=error), [add], prompt)
    with pytest.raises(ValueError, match="no") as raised:
        classic.AgentExecutor(agent=agent, tools=[add]).invoke(ASK)

    assert error is raised.value
    assert StatusCode.ERROR == traced.named("invoke_agent AgentExecutor").status.status_code


def test_a_stream_that_is_closed_early_leaves_nothing_open() -> None:
    recording = Recording()
    with instrumented(recording) as handle:
        steps = tool_calling().stream(ASK)
        next(steps)
        steps.close()
        assert 0 == open_runs(handle)

    found: Any = recording.named("invoke_agent AgentExecutor").attributes
    assert "closed" == found["langspan.outcome"]


def test_after_uninstrument_classic_chains_are_their_own() -> None:
    chain = import_module("langchain_classic.chains.base").Chain
    iterator = import_module("langchain_classic.agents.agent_iterator").AgentExecutorIterator

    def found() -> list[Any]:
        names = ("invoke", "ainvoke", "prep_inputs", "aprep_inputs")
        calls = [vars(classic.AgentExecutor)["_call"], vars(classic.AgentExecutor)["_acall"]]
        return [*(vars(chain)[name] for name in names), *calls, vars(iterator)["reset"]]

    before = found()
    with instrumented(Recording()):
        assert not any(now is then for now, then in zip(found(), before, strict=True))
    assert before == found()
