"""The demo's application: a small shop whose graph answers a customer's question.

Nothing here is aware of tracing, except for the shop's own span around its call to the carrier.
This module needs langchain and langgraph, so only the demo imports it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from math import sqrt
from typing import Any, Final, TypedDict
from zlib import crc32

from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, tool
from langgraph.graph import END, START, StateGraph
from opentelemetry.trace import SpanKind, Tracer

QUESTION: Final = "Where is my order 1042, and until when can I send it back?"

_DIMENSIONS: Final = 64
_POLICIES: Final = (
    "Returns: unused goods can be sent back free of charge within 30 days of delivery.",
    "Delivery: parcels leave the warehouse within one working day.",
    "Warranty: broken goods are repaired or replaced for two years.",
    "Gift cards: valid for five years, in every one of our stores.",
)
_AGENT_PROMPT: Final = "You look up orders for a shop. Use the tools, then sum up the facts in two sentences."
_ANSWER_PROMPT: Final = (
    "Answer the customer in a friendly tone.\nShop policies:\n{policies}\nFacts:\n{findings}"
)


class _State(TypedDict, total=False):
    question: str
    policies: str
    findings: str
    answer: str


class WordEmbeddings(Embeddings):
    """Embeddings that count words into a short vector, so that texts with common words are similar."""

    model = f"word-hash-{_DIMENSIONS}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed each text."""
        return [_vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return _vector(text)


class PolicyRetriever(BaseRetriever):
    """A retriever of the shop's policies that are most similar to a question."""

    k: int = 2

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain passes it
    ) -> list[Document]:
        wanted = WordEmbeddings().embed_query(query)
        ranked = sorted(_POLICIES, key=lambda text: -_likeness(wanted, _vector(text)))
        return [Document(text, id=f"policy-{_POLICIES.index(text)}") for text in ranked[: self.k]]


def ask(model: BaseChatModel, tracer: Tracer, pause: float) -> Iterator[str]:
    """Run the shop's graph on the demo's question.

    Args:
        model: The chat model, called with and without tools.
        tracer: The tracer for the shop's own spans.
        pause: The duration of each look-up, in seconds.

    Yields:
        The answer, chunk by chunk, as the model streams it.
    """
    stream = _graph(model, tracer, pause).stream(
        {"question": QUESTION}, {"configurable": {"thread_id": "customer-17"}}, stream_mode="messages"
    )
    for chunk, metadata in stream:
        if metadata.get("langgraph_node") == "answer":
            yield chunk.text


def _graph(model: BaseChatModel, tracer: Tracer, pause: float) -> Any:
    agent = create_agent(
        model,
        _tools(tracer, pause),
        system_prompt=_AGENT_PROMPT,
        middleware=[ToolRetryMiddleware(max_retries=1, retry_on=(ConnectionError,), initial_delay=0)],
        name="order_agent",
    )
    reply = (
        ChatPromptTemplate([("system", _ANSWER_PROMPT), ("human", "{question}")]) | model | StrOutputParser()
    )
    retriever = PolicyRetriever()

    def recall(state: _State) -> _State:
        documents = retriever.invoke(state["question"])
        return {"policies": "\n".join(document.page_content for document in documents)}

    def look_up(state: _State) -> _State:
        result = agent.invoke({"messages": [HumanMessage(state["question"])]})
        return {"findings": result["messages"][-1].text}

    def answer(state: _State) -> _State:
        return {"answer": reply.invoke(dict(state))}

    graph = StateGraph(_State).add_sequence([recall, look_up, answer])
    return graph.add_edge(START, "recall").add_edge("answer", END).compile(name="support_desk")


def _tools(tracer: Tracer, pause: float) -> list[BaseTool]:
    attempts = count(1)

    @tool
    def find_order(order_id: str) -> str:
        """Find an order by its number."""
        time.sleep(pause)
        return f"Order {order_id}: one tea set, parcel NL-77, due on 2026-11-20."

    @tool
    def track_parcel(parcel_id: str) -> str:
        """Say where a parcel is."""
        with tracer.start_as_current_span("GET /parcels/{id}", kind=SpanKind.CLIENT):
            time.sleep(3 * pause)
            if next(attempts) == 1:
                raise ConnectionError("carrier is down")
            return f"Parcel {parcel_id}: in Rotterdam."

    @tool
    def return_date(delivered_on: str) -> str:
        """Say until when goods delivered on a day (YYYY-MM-DD) can be sent back."""
        time.sleep(pause)
        return f"Until {date.fromisoformat(delivered_on) + timedelta(days=30)}."

    return [find_order, track_parcel, return_date]


def _vector(text: str) -> list[float]:
    counts = [0.0] * _DIMENSIONS
    for word in text.lower().split():
        # Not `hash()`, which differs between processes.
        counts[crc32(word.strip(".,:?").encode()) % _DIMENSIONS] += 1.0
    length = sqrt(sum(number * number for number in counts)) or 1.0
    return [number / length for number in counts]


def _likeness(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))
