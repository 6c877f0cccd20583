"""langmem: what its tools and its manager do with a store lies under them, however the graph is run."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.memory import InMemoryStore

from support.drawing import drawn, written
from support.ecosystem import WAYS, Counting, Describing, check_counted, needed
from support.models import ScriptedEmbeddings, tool_call
from support.recording import Recording

langmem = needed("langmem")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

NAMESPACE = ("memories",)


def store() -> InMemoryStore:
    return InMemoryStore(index={"dims": 1, "embed": ScriptedEmbeddings()})


def graph() -> Any:
    tools = langmem.create_manage_memory_tool(NAMESPACE), langmem.create_search_memory_tool(NAMESPACE)
    builder = StateGraph(MessagesState).add_node("tools", ToolNode(list(tools))).add_edge(START, "tools")
    return builder.compile(name="g", store=store())


TREE = """
    invoke_workflow g
      node tools
        execute_tool {tool}
          {operation}
            embeddings scripted-1
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (tool_call("manage_memory", content="likes tea", action="create"), "upsert_memory"),
        (tool_call("search_memory", query="tea"), "search_memory"),
    ],
    ids=["manage", "search"],
)
def test_a_memory_is_an_operation_of_its_tool(
    traced: Recording, way: str, call: AIMessage, operation: str
) -> None:
    counting = Counting()

    WAYS[way](graph(), {"messages": [call]}, {"callbacks": [counting]})

    tree = TREE.format(tool=call.tool_calls[0]["name"], operation=operation)
    assert written(tree) == drawn(traced.spans)
    check_counted(counting, traced)


def remembering() -> Any:
    """A graph that has a model draw memories from the conversation, and stores them."""
    memory = {"name": "Memory", "args": {"content": "likes tea"}, "id": "call-1"}
    chat = Describing(answers=(AIMessage("", tool_calls=[memory]),), model_name="extractor-model")
    kept = store()
    manager = langmem.create_memory_store_manager(chat, namespace=NAMESPACE, store=kept)

    def remember(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        manager.invoke(state, config)
        return {}

    async def aremember(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        await manager.ainvoke(state, config)
        return {}

    builder = StateGraph(MessagesState).add_node("remember", RunnableLambda(remember, aremember))
    return builder.add_edge(START, "remember").compile(name="g", store=kept)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_manager_looks_up_and_stores_lies_beside_its_extraction(traced: Recording, way: str) -> None:
    counting = Counting()

    WAYS[way](remembering(), {"messages": [HumanMessage("I like tea.")]}, {"callbacks": [counting]})

    check_counted(counting, traced)
    found = {path.removeprefix("invoke_workflow g/node remember/remember/") for path in traced.paths()}
    assert {
        "RunnableSequence/invoke_workflow TrustCall/node extract/chat extractor-model",
        "search_memory/embeddings scripted-1",
        "upsert_memory/embeddings scripted-1",
    } <= found
