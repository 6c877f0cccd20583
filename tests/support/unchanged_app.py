"""An application that knows nothing of tracing: a graph, a tool, a retriever, a streamed chain."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

from support.models import ScriptedChat, ScriptedRetriever, StreamingChat, usage

TREE = {
    "invoke_workflow shop",
    "invoke_workflow shop/node search",
    "invoke_workflow shop/node search/retrieval ScriptedRetriever",
    "invoke_workflow shop/node search/execute_tool price",
    "invoke_workflow shop/node answer",
    "invoke_workflow shop/node answer/chat scripted-1",
    "RunnableSequence",
    "RunnableSequence/ChatPromptTemplate",
    "RunnableSequence/chat scripted-1",
    "RunnableSequence/StrOutputParser",
}


@tool
def price(thing: str) -> int:
    """Look up a price."""
    return len(thing)


def search(state: MessagesState) -> Any:
    documents = ScriptedRetriever().invoke("soap")
    return {"messages": [AIMessage(f"{documents[0].page_content}: {price.invoke({'thing': 'soap'})}")]}


def answer(state: MessagesState) -> Any:
    model = ScriptedChat(answers=(AIMessage("four", usage_metadata=usage(3, 1)),))
    return {"messages": [model.invoke(state["messages"])]}


async def main() -> None:
    builder = StateGraph(MessagesState)
    builder.add_sequence([("search", search), ("answer", answer)])
    builder.add_edge(START, "search")
    question: Any = {"messages": [("user", "price of soap?")]}
    result = await builder.compile(name="shop").ainvoke(question)
    sys.stdout.write(f"{result['messages'][-1].content}\n")
    chain = (
        ChatPromptTemplate.from_template("{text}") | StreamingChat(answers=("one two",)) | StrOutputParser()
    )
    sys.stdout.write("".join([text async for text in chain.astream({"text": "hi"})]))


if __name__ == "__main__":
    asyncio.run(main())
