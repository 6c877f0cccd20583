"""langmem: what its tools do with a store lies under the tool, however the graph is run."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.memory import InMemoryStore

from support.drawing import drawn, written
from support.ecosystem import WAYS, Counting, check_counted, needed
from support.models import ScriptedEmbeddings, tool_call
from support.recording import Recording

langmem = needed("langmem")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

NAMESPACE = ("memories",)


def graph() -> Any:
    tools = langmem.create_manage_memory_tool(NAMESPACE), langmem.create_search_memory_tool(NAMESPACE)
    builder = StateGraph(MessagesState).add_node("tools", ToolNode(list(tools))).add_edge(START, "tools")
    store = InMemoryStore(index={"dims": 1, "embed": ScriptedEmbeddings()})
    return builder.compile(name="g", store=store)


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
