"""docs/content.md lists each value of `where` that `redact` is called with."""

from __future__ import annotations

import ast
import contextlib

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from docs.pages import REPOSITORY, code, page

TABLE = page("docs/content.md").table("`where`", "The value is part of")
TOLD = {name for row in TABLE for name in code(row["`where`"])}


class Model(GenericFakeChatModel):
    """Binds tools as the providers' models do."""

    def bind_tools(self, tools, **_options):
        described = [{"type": "function", "function": {"name": each.name}} for each in tools]
        return self.bind(tools=described)

    @property
    def _identifying_params(self):
        return {}


class Documents(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(f"about {query}")]


@tool
def weather(city: str) -> str:
    """Say what the weather is like."""
    return f"Rain in {city}."


def fail(_value):
    raise ValueError("no")


def tell(value):
    dispatch_custom_event("halfway", {"value": value})
    return value


def graph():
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    from langgraph.types import interrupt

    def ask(state):
        return {"answer": interrupt("Go on?")}

    return StateGraph(dict).add_node("ask", ask).add_edge(START, "ask").compile(checkpointer=InMemorySaver())


def remember():
    from langgraph.store.memory import InMemoryStore

    store = InMemoryStore()
    store.put(("users", "ann"), "tea", {"kind": "oolong"})
    store.search(("users",), query="tea")


def judge(value):
    langspan.record_evaluation("relevance", score=1, explanation="It names the city.")
    return value


RUNS = {
    "a model with tools": (
        lambda: (
            Model(messages=iter([AIMessage("Rain.")]))
            .bind_tools([weather])
            .invoke([SystemMessage("Be brief."), HumanMessage("Oslo?")])
        ),
        {"input_messages", "output_messages", "system_instructions", "tool_definitions"},
    ),
    "a completion model": (
        lambda: FakeListLLM(responses=["Rain."]).invoke("Oslo?"),
        {"input_messages", "output_messages"},
    ),
    "a tool": (lambda: weather.invoke({"city": "Oslo"}), {"tool_arguments", "tool_result"}),
    "a retriever": (lambda: Documents().invoke("Oslo"), {"query", "documents"}),
    "a store": (remember, {"memory", "query"}),
    "a prompt": (
        lambda: ChatPromptTemplate([("human", "{city}?")]).invoke({"city": "Oslo"}),
        {"input", "output", "prompt_variable"},
    ),
    "a step with metadata": (
        lambda: RunnableLambda(str.upper).invoke("x", {"metadata": {"tenant": "acme"}}),
        {"input", "output", "metadata"},
    ),
    "a step of a user, with a tag": (
        lambda: RunnableLambda(str.upper).invoke("x", {"metadata": {"user_id": "ann"}, "tags": ["prod"]}),
        {"input", "output", "user_id", "tag"},
    ),
    "a step of a session": (
        lambda: langspan.context(session_id="s")(RunnableLambda(str.upper).invoke)("x"),
        {"input", "output", "session_id"},
    ),
    "a step that is judged": (
        lambda: RunnableLambda(judge).invoke("x"),
        {"input", "output", "evaluation"},
    ),
    "a step that fails": (lambda: RunnableLambda(fail).invoke("x"), {"input", "exception"}),
    "a step with an event": (lambda: RunnableLambda(tell).invoke("x"), {"input", "output", "event"}),
    "a graph that waits": (
        lambda: graph().invoke({"question": "x"}, {"configurable": {"thread_id": "t"}}),
        {"state", "interrupt", "conversation_id"},
    ),
}
# Sent by the callback managers of classic chains, which langchain-core has no more.
CLASSIC = {"text"}


def seen_in(body):
    """The values of `where` while something runs."""
    seen = set()

    def redact(value, where):
        seen.add(where)
        return value

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    tracing = langspan.instrument(tracer_provider=provider, capture_content=True, redact=redact)
    try:
        with contextlib.suppress(ValueError):  # one of the runs fails
            body()
    finally:
        tracing.uninstrument()
    return seen


@pytest.mark.parametrize("run", RUNS)
def test_redact_is_told_what_the_value_is_part_of(run):
    body, expected = RUNS[run]
    if run == "a graph that waits":
        pytest.importorskip(
            "langgraph.callbacks", reason="older ones tell nobody of an interrupt: pip install -U langgraph"
        )
    assert expected == seen_in(body)


def test_text_of_a_classic_chain_is_told_as_text():
    def classic(value, config):
        manager = config["callbacks"]
        manager.on_chain_start({}, {"x": value}, name="classic").on_text("thinking")
        return value

    assert CLASSIC <= seen_in(lambda: RunnableLambda(classic).invoke("x"))


def test_every_value_of_the_table_is_seen_in_a_run():
    assert TOLD == CLASSIC.union(*(expected for _, expected in RUNS.values()))


def test_the_source_has_no_other_value():
    """Each call that renders content names its value with a constant, or with one of the module's own."""
    found, rendering = set(), {"render", "text", "message", "_all"}
    for path in (REPOSITORY / "src").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            node.target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > 1 and _name(node.func) in rendering:
                where = node.args[1]
                found.add(
                    where.value
                    if isinstance(where, ast.Constant)
                    else constants.get(where.id)
                    if isinstance(where, ast.Name)
                    else None
                )
    values = {value for value in found if isinstance(value, str)}
    assert {"query", "tool_result", "interrupt"} <= values
    assert set() == values - TOLD


def _name(function):
    return getattr(function, "attr", getattr(function, "id", None))
