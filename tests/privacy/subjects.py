"""What is run: objects full of canaries, every way to run them, and where their content belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import tenacity
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.exceptions import OutputParserException
from langchain_core.output_parsers import BaseOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langgraph.types import Command

from langspan.conventions import memory, names
from langspan.conventions import vector_stores as own
from privacy import graphs, stores
from privacy.objects import (
    CALL_ARGUMENTS,
    MODEL_FIELDS,
    LeakyChat,
    LeakyEmbeddings,
    LeakyLLM,
    LeakyLLMStream,
    LeakyRetriever,
    LeakyStore,
    LeakyStream,
    artful_tool,
    conversation,
    failing_tool,
    leaky_compressor,
    leaky_error,
    leaky_tool,
    refusing_tool,
)
from support import ways
from support.canary import canary
from support.capabilities import GRAPH_CALLBACKS
from support.ways import Way

Fields = Mapping[str, set[str]]
"""Names of canaries, by the attribute that they belong to."""

CONFIG: dict[str, Any] = {
    "metadata": {"note": canary("metadata"), "nested": {"deep": [canary("metadata_nested")]}},
    "tags": ["label"],
    "configurable": {
        "thread_id": "thread-1",
        "model": canary("configurable_model"),
        "secret": canary("configurable"),
    },
}
METADATA: Fields = {
    names.LANGCHAIN_METADATA_PREFIX + "note": {"metadata"},
    names.LANGCHAIN_METADATA_PREFIX + "nested": {"metadata_nested"},
}
# LangChain copies one configurable into the metadata on some ways, and the oldest version copies them all.
PERHAPS: Fields = {
    names.LANGCHAIN_METADATA_PREFIX + "model": {"configurable_model"},
    names.LANGCHAIN_METADATA_PREFIX + "secret": {"configurable"},
}
ERROR = {"error", "error_detail"}


@dataclass(frozen=True)
class Subject:
    """Something to run.

    Attributes:
        name: What tests call it.
        build: Makes it anew.
        value: Its input.
        ways: How to run it.
        model: What model spans show of it, where content is on; these have an event, too.
        rest: What other spans show.
        perhaps: What they may show, depending on the way.
        notes: What span events show, by event and attribute.
        error: What the message of the exception shows, if running it raises one.
        model_fails: The exception is a model's.
        takes_config: It takes a config, whose metadata its spans show.
    """

    name: str
    build: Callable[[], Any]
    value: Any
    ways: Mapping[str, Way]
    model: Fields = field(default_factory=dict)
    rest: Fields = field(default_factory=dict)
    perhaps: Fields = field(default_factory=dict)
    notes: Fields = field(default_factory=dict)
    error: AbstractSet[str] = frozenset()
    model_fails: bool = False
    takes_config: bool = True


def _made(cls: type, *, fails: bool = False) -> Callable[[], Any]:
    return lambda: cls(**MODEL_FIELDS, fails=fails)


def _some(all_ways: Mapping[str, Way], by: str = "", *, writes: bool = False) -> Mapping[str, Way]:
    """The ways to write into a store; or those to search it, by text if not by something else."""
    return {
        name: way
        for name, way in all_ways.items()
        if writes is ("search" not in name) and (writes or bool(by) is ("by_vector" in name))
    }


PROMPT = ChatPromptTemplate([("system", canary("template")), ("human", "{question}")])
VARIABLES = {"question": canary("variable"), "unused": {"deep": canary("unused_variable")}}


class Picky(BaseOutputParser[str]):
    """A parser that nothing suits."""

    def parse(self, text: str) -> str:
        raise OutputParserException(f"not this: {text}", llm_output=canary("parser_output"))


def _answering(_: Any) -> Any:
    return {canary("output_key"): [canary("output")]}


def _busy(value: Any, run_manager: Any) -> Any:
    """A body that tells everything a body can tell."""
    run_manager.on_text(canary("text"))
    run_manager.on_retry(_attempt())
    run_manager.on_agent_action(AgentAction("search", {"q": canary("action_input")}, canary("action_log")))
    run_manager.on_agent_finish(AgentFinish({"output": canary("finish_value")}, canary("finish_log")))
    dispatch_custom_event("progress", {"step": canary("custom_event")})
    return value


def _attempt() -> Any:
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (canary("retry_args"),), {})
    error = leaky_error()
    state.set_exception((type(error), error, None))
    return state


def _break(_: Any) -> Any:
    raise leaky_error()


CALL = {"name": "leaky_tool", "args": {"q": canary("argument")}, "id": "c1", "type": "tool_call"}
ARGUMENTS = {"q": canary("argument"), "state": {"messages": [canary("injected_state")]}}

CONVERSATION: Fields = {
    names.GEN_AI_SYSTEM_INSTRUCTIONS: {"system"},
    names.GEN_AI_INPUT_MESSAGES: {
        "bad_call",
        "chat_message",
        "function_message",
        "human",
        "human_name",
        "image_url",
        "number",
        "past_call",
        "past_reasoning",
        "strange_block",
        "tool_failure",
        "tool_message",
    },
}
PROMPTED: Fields = {names.GEN_AI_INPUT_MESSAGES: {"prompt"}}
ANSWERED: Fields = {names.GEN_AI_OUTPUT_MESSAGES: {"answer", "answer_call", "answer_reasoning"}}
COMPLETED: Fields = {names.GEN_AI_OUTPUT_MESSAGES: {"answer"}}
PARTLY: Fields = {names.GEN_AI_OUTPUT_MESSAGES: {"partial"}}
ASKED_BY_TEMPLATE: Fields = {
    names.GEN_AI_SYSTEM_INSTRUCTIONS: {"template"},
    names.GEN_AI_INPUT_MESSAGES: {"variable"},
}
TEMPLATED: Fields = {
    names.LANGCHAIN_PROMPT_VARIABLE_PREFIX + "question": {"variable"},
    names.LANGCHAIN_PROMPT_VARIABLE_PREFIX + "unused": {"unused_variable"},
    names.LANGCHAIN_INPUT: {"answer", "answer_call", "answer_reasoning", "unused_variable", "variable"},
}
# The root shows what came in, too.
VARIED: Fields = {names.GEN_AI_INPUT_MESSAGES: {"unused_variable", "variable"}}
FLOW: Fields = {
    names.GEN_AI_INPUT_MESSAGES: {"human"},
    names.GEN_AI_OUTPUT_MESSAGES: {"human"},
    names.LANGCHAIN_INPUT: {"command_update", "human", "node_output", "send", "state"},
    names.LANGCHAIN_OUTPUT: {"command_update", "node_output", "send"},
    names.LANGCHAIN_METADATA_PREFIX + "about": {"node_metadata"},
}
ARGUED: Fields = {names.GEN_AI_TOOL_CALL_ARGUMENTS: {"argument"}}
TOOL_DONE: Fields = {**ARGUED, names.GEN_AI_TOOL_CALL_RESULT: {"tool_result"}}
INJECTED: Fields = {names.GEN_AI_TOOL_CALL_ARGUMENTS: {"argument", "injected_state"}}
FOUND: Fields = {
    names.GEN_AI_RETRIEVAL_QUERY_TEXT: {"query"},
    names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: {"document"},
}
NOT_REMEMBERED: Fields = {
    names.LANGCHAIN_INPUT: {"memory_key"},
    memory.LANGSPAN_MEMORY_NAMESPACE: {"memory_namespace"},
    memory.GEN_AI_MEMORY_RECORD_ID: {"memory_key"},
    memory.GEN_AI_MEMORY_RECORDS: {"memory_key", "memory_namespace", "memory_value"},
}
REMEMBERED: Fields = {
    **NOT_REMEMBERED,
    names.LANGCHAIN_OUTPUT: {"memory_key"},
    memory.GEN_AI_MEMORY_QUERY_TEXT: {"memory_query"},
    memory.LANGSPAN_MEMORY_NAMESPACES: {"memory_namespace"},
}
ASKED: Fields = (
    {"langgraph.interrupt: langgraph.interrupt.values": {"interrupt"}} if GRAPH_CALLBACKS.there else {}
)
QUESTION = {"messages": [("user", canary("human"))]}

SUBJECTS = (
    Subject("chat", _made(LeakyChat), conversation(), ways.CHAT, model={**CONVERSATION, **ANSWERED}),
    Subject(
        "chat stream",
        _made(LeakyStream),
        conversation(),
        ways.STREAMING_CHAT,
        model={**CONVERSATION, **ANSWERED},
    ),
    Subject(
        "bound chat",
        lambda: LeakyStream(**MODEL_FIELDS).bind(**CALL_ARGUMENTS),
        conversation(),
        ways.RUNNABLE,
        model={
            **CONVERSATION,
            **ANSWERED,
            names.GEN_AI_TOOL_DEFINITIONS: {"offered_description", "offered_schema"},
        },
    ),
    Subject(
        "failing chat stream",
        _made(LeakyStream, fails=True),
        conversation(),
        ways.STREAMING_CHAT,
        model=CONVERSATION,
        perhaps=PARTLY,
        error=ERROR,
        model_fails=True,
    ),
    Subject("llm", _made(LeakyLLM), canary("prompt"), ways.LLM, model={**PROMPTED, **COMPLETED}),
    Subject("llm stream", _made(LeakyLLMStream), canary("prompt"), ways.LLM, model={**PROMPTED, **COMPLETED}),
    Subject(
        "failing llm",
        _made(LeakyLLMStream, fails=True),
        canary("prompt"),
        ways.LLM,
        model=PROMPTED,
        perhaps=PARTLY,
        error=ERROR,
        model_fails=True,
    ),
    Subject(
        "chain",
        lambda: PROMPT | LeakyStream(**MODEL_FIELDS) | StrOutputParser(),
        VARIABLES,
        ways.RUNNABLE,
        model={**ASKED_BY_TEMPLATE, **ANSWERED},
        rest={**TEMPLATED, **VARIED, names.LANGCHAIN_OUTPUT: {"answer", "template", "variable"}},
    ),
    Subject(
        "unparsable",
        lambda: PROMPT | LeakyChat(**MODEL_FIELDS) | Picky(),
        VARIABLES,
        ways.RUNNABLE,
        model={**ASKED_BY_TEMPLATE, **ANSWERED},
        rest={**TEMPLATED, **VARIED, names.LANGCHAIN_OUTPUT: {"template", "variable"}},
        error={"answer"},
    ),
    Subject(
        "recovering",
        lambda: LeakyChat(**MODEL_FIELDS, fails=True).with_fallbacks([LeakyStream(**MODEL_FIELDS)]),
        conversation(),
        ways.RUNNABLE,
        model={**CONVERSATION, **ANSWERED},
        rest={
            names.LANGCHAIN_INPUT: {"system", *CONVERSATION[names.GEN_AI_INPUT_MESSAGES]},
            names.LANGCHAIN_OUTPUT: ANSWERED[names.GEN_AI_OUTPUT_MESSAGES],
        },
        # A batch wraps the input of its root, so that it is shown as it is.
        perhaps={names.GEN_AI_INPUT_MESSAGES: {"system"}},
        error=ERROR,
        model_fails=True,
    ),
    Subject(
        "mapped",
        lambda: RunnableParallel(same=RunnablePassthrough(), other=RunnableLambda(_answering)),
        {canary("input_key"): canary("input")},
        ways.RUNNABLE,
        rest={
            names.LANGCHAIN_INPUT: {"input", "input_key"},
            names.LANGCHAIN_OUTPUT: {"input", "input_key", "output", "output_key"},
        },
    ),
    Subject(
        "busy",
        lambda: RunnableLambda(_busy),
        canary("input"),
        ways.RUNNABLE,
        rest={names.LANGCHAIN_INPUT: {"input"}, names.LANGCHAIN_OUTPUT: {"input"}},
        notes={
            "langchain.agent.action: gen_ai.tool.call.arguments": {"action_input"},
            "langchain.agent.finish: langchain.output": {"finish_value"},
            "langchain.custom_event: langchain.event.data": {"custom_event"},
            "langchain.text: langchain.text": {"text"},
        },
    ),
    Subject(
        "broken",
        lambda: RunnableLambda(_break),
        canary("input"),
        ways.RUNNABLE,
        rest={names.LANGCHAIN_INPUT: {"input"}},
        error=ERROR,
    ),
    Subject("tool call", lambda: leaky_tool, CALL, ways.RUNNABLE, rest=TOOL_DONE),
    Subject("tool", lambda: leaky_tool, ARGUMENTS, ways.TOOL, rest={**TOOL_DONE, **INJECTED}),
    Subject("artful tool", lambda: artful_tool, CALL, ways.RUNNABLE, rest=TOOL_DONE),
    Subject("failing tool", lambda: failing_tool, ARGUMENTS, ways.TOOL, rest=INJECTED, error=ERROR),
    Subject(
        "refusing tool",
        lambda: refusing_tool,
        CALL,
        ways.RUNNABLE,
        rest={**ARGUED, names.GEN_AI_TOOL_CALL_RESULT: {"tool_refusal"}},
    ),
    Subject("retriever", LeakyRetriever, canary("query"), ways.RETRIEVER, rest=FOUND),
    Subject(
        "failing retriever",
        lambda: LeakyRetriever(fails=True),
        canary("query"),
        ways.RETRIEVER,
        rest={names.GEN_AI_RETRIEVAL_QUERY_TEXT: {"query"}},
        error=ERROR,
    ),
    Subject("embeddings", LeakyEmbeddings, canary("text_to_embed"), ways.EMBEDDINGS),
    Subject(
        "failing embeddings",
        lambda: LeakyEmbeddings(fails=True),
        canary("text_to_embed"),
        ways.EMBEDDINGS,
        error=ERROR,
    ),
    Subject(
        "searched store",
        LeakyStore,
        canary("query"),
        _some(ways.VECTOR_STORE),
        rest=FOUND,
        takes_config=False,
    ),
    Subject(
        "store searched by vectors",
        LeakyStore,
        canary("query"),
        _some(ways.VECTOR_STORE, "by_vector"),
        rest={names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: {"document"}},
        takes_config=False,
    ),
    Subject("written store", LeakyStore, canary("stored"), _some(ways.VECTOR_STORE, writes=True)),
    Subject(
        "failing store",
        lambda: LeakyStore(fails=True),
        canary("query"),
        _some(ways.VECTOR_STORE),
        rest={names.GEN_AI_RETRIEVAL_QUERY_TEXT: {"query"}},
        error=ERROR,
        takes_config=False,
    ),
    Subject(
        "compressor",
        leaky_compressor,
        canary("query"),
        ways.COMPRESSOR,
        rest={
            own.LANGSPAN_COMPRESSION_QUERY_TEXT: {"query"},
            own.LANGSPAN_COMPRESSION_DOCUMENT_TEXTS: {"query"},
        },
        takes_config=False,
    ),
    Subject(
        "failing compressor",
        lambda: leaky_compressor(fails=True),
        canary("query"),
        ways.COMPRESSOR,
        rest={own.LANGSPAN_COMPRESSION_QUERY_TEXT: {"query"}},
        error=ERROR,
        takes_config=False,
    ),
    Subject("memory", stores.remembering, canary("memory_key"), ways.RUNNABLE, rest=REMEMBERED),
    Subject(
        "failing memory",
        lambda: stores.remembering(stores.Failing),
        canary("memory_key"),
        ways.RUNNABLE,
        rest=NOT_REMEMBERED,
        error=ERROR,
    ),
    Subject("graph", graphs.graph, graphs.INPUT, ways.GRAPH, rest=FLOW),
    Subject("graph state", graphs.graph, graphs.INPUT, ways.GRAPH_STATE),
    Subject(
        "stopping graph",
        lambda: graphs.graph(graphs.ask),
        graphs.INPUT,
        ways.GRAPH,
        rest=FLOW,
        notes=ASKED,
    ),
    Subject(
        "resumed graph",
        lambda: graphs.waiting(CONFIG),
        Command(resume=canary("resume")),
        ways.GRAPH,
        rest={
            **FLOW,
            names.GEN_AI_INPUT_MESSAGES: {"resume", *FLOW[names.GEN_AI_INPUT_MESSAGES]},
            names.LANGCHAIN_INPUT: {"resume", *FLOW[names.LANGCHAIN_INPUT]},
            names.LANGCHAIN_OUTPUT: {"resume", *FLOW[names.LANGCHAIN_OUTPUT]},
        },
        notes=ASKED,
    ),
    Subject(
        "failing graph",
        lambda: graphs.graph(graphs.broken),
        graphs.INPUT,
        ways.RUNNABLE,
        rest={name: fields for name, fields in FLOW.items() if name != names.GEN_AI_OUTPUT_MESSAGES},
        error=ERROR,
    ),
    Subject(
        "agent",
        graphs.agent,
        QUESTION,
        ways.GRAPH,
        model={
            names.GEN_AI_SYSTEM_INSTRUCTIONS: {"system"},
            names.GEN_AI_INPUT_MESSAGES: {
                "argument",
                "human",
                "inner_answer",
                "inner_question",
                "tool_result",
            },
            names.GEN_AI_OUTPUT_MESSAGES: {"answer", "argument", "inner_answer"},
        },
        rest={
            names.GEN_AI_TOOL_CALL_ARGUMENTS: {"argument"},
            names.GEN_AI_TOOL_CALL_RESULT: {"inner_answer", "tool_result"},
            names.GEN_AI_OUTPUT_MESSAGES: {"tool_result"},
            names.LANGCHAIN_INPUT: {"argument", "human", "inner_answer", "inner_question", "tool_result"},
            names.LANGCHAIN_OUTPUT: {"answer", "argument", "inner_answer", "tool_result"},
        },
        # How much of its steps an agent shows to its handlers is the version's affair.
        perhaps={names.LANGCHAIN_INPUT: {"answer"}, names.LANGCHAIN_OUTPUT: {"human"}},
    ),
    Subject(
        "workflow",
        lambda: graphs.workflow,
        canary("input"),
        ways.GRAPH,
        rest={
            names.GEN_AI_INPUT_MESSAGES: {"input"},
            names.GEN_AI_OUTPUT_MESSAGES: {"output", "task_output"},
            names.LANGCHAIN_INPUT: {"input"},
            names.LANGCHAIN_OUTPUT: {"output", "task_output"},
        },
    ),
)
