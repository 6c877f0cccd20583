"""Values in prompts, events, documents, embeddings, and in the configuration of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks.manager import adispatch_custom_event, dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import Tool

from values.run_fields import failing, graph, run, same
from values.scripted import Chat, Compressor, Retriever, Store, Vectors

Run = Callable[[Any], Any]


def _of(*keys: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: dict.fromkeys(keys, value)


def _with(config: dict[str, Any]) -> Any:
    return RunnableLambda(same, name="same").invoke("in", config)


def _with_everywhere(config: dict[str, Any]) -> Any:
    """One config for a run of each kind."""
    chat = Chat().invoke("in", config).content
    tool = Tool(name="t", description="", func=same).invoke("in", config)
    found = Retriever().invoke("in", config)
    return _with(config), chat, tool, found, graph(lambda state: {"x": 1}).invoke({"x": 0}, config)


def _metadata(*keys: str) -> Run:
    return lambda value: _with_everywhere({"metadata": dict.fromkeys(keys, value)})


def _events(value: Any) -> Any:
    async def asynchronously(_: Any) -> str:
        await adispatch_custom_event("e", value)
        return "sent"

    def body(_: Any) -> str:
        dispatch_custom_event("e", value)
        dispatch_custom_event(value, {})
        return "sent"

    return RunnableLambda(body).invoke(0), run(RunnableLambda(asynchronously).ainvoke(0))


def _classic(value: Any) -> Any:
    """What classic chains and agents tell of themselves on the way."""

    def body(_: Any, run_manager: Any) -> str:
        run_manager.on_text(value)
        run_manager.on_agent_action(AgentAction.model_construct(tool=value, tool_input=value, log="x"))
        run_manager.on_agent_finish(AgentFinish.model_construct(return_values=value, log="x"))
        return "told"

    return RunnableLambda(body).invoke(0)


def _key(value: Any) -> Any:
    """A name that the application gives: of metadata, and of a prompt's variable."""
    key = value if type(value) is str else "x"
    prompt = PromptTemplate.from_template("x")
    return _with_everywhere({"metadata": {key: value}}), prompt.invoke({key: value})


def _documents(value: Any) -> Any:
    facts = Document("x", metadata={"score": value, "relevance_score": value, "x": value})
    held = Document.model_construct(page_content=value, metadata=value, id=value)
    return Retriever(found=[facts, held]).invoke("in")


def _embedded(value: Any) -> Any:
    return Vectors().embed_query(value), Vectors().embed_documents([value])


def _stored(value: Any) -> Any:
    store = Store(value, embedding=value, _embeddings=value)
    added = store.add_documents(value), store.add_texts([], ids=[value]), store.delete([value])
    return store.similarity_search(value, value), store.similarity_search(value, k=value), added


def _scored(value: Any) -> Any:
    held = Document.model_construct(page_content="x", metadata={}, id="1", state={"x": value})
    return Store([(held, value), (value, 0.5), (value,)]).similarity_search("in")


def _compressed(value: Any) -> Any:
    facts = Document("x", metadata={"relevance_score": value})
    compressor = Compressor.model_construct(left=[facts], model=value, top_n=value)
    return compressor.compress_documents(value, value), Compressor(left=value).compress_documents([], "in")


FIELDS: dict[str, Run] = {
    "variable": lambda value: PromptTemplate.from_template("{x}").invoke({"x": value}),
    "variable of a chat": lambda value: ChatPromptTemplate.from_template("{x}").invoke({"x": value}),
    "partial": lambda value: PromptTemplate.from_template("{x}{y}").partial(x=value).invoke({"y": 1}),
    "placeholder": lambda value: ChatPromptTemplate([MessagesPlaceholder("x")]).invoke({"x": value}),
    "event": _events,
    "documents": _documents,
    "found": lambda value: Retriever(found=value).invoke("in"),
    "query": lambda value: Retriever().invoke(value),
    "how many to find": lambda value: Retriever(search_kwargs={"k": value}).invoke("in", k=value),
    "stored": _stored,
    "scored": _scored,
    "compressed": _compressed,
    "embedded": _embedded,
    "vector": lambda value: Vectors(value).embed_query("in"),
    "embeddings": lambda value: Vectors(
        **_of("model", "deployment", "base_url", "dimensions", "encoding_format", "model_kwargs")(value)
    ).embed_query("in"),
    "metadata": _metadata("x"),
    "ids": _metadata("thread_id", "session_id", "user_id"),
    "marks": _metadata(
        "ls_integration", "lc_agent_name", "langgraph_node", "langgraph_triggers", "lc_source"
    ),
    "marks of models": _metadata("ls_provider", "ls_model_name", "ls_temperature", "ls_retriever_name"),
    "marks of retrievers": _metadata(
        "ls_vector_store_provider", "ls_embedding_provider", "ls_embedding_model"
    ),
    "configurable": lambda value: _with_everywhere({"configurable": {"x": value, "user_id": value}}),
    "tags": lambda value: _with_everywhere({"tags": ["a", value]}),
    "name": lambda value: _with_everywhere({"run_name": value}),
    "exception": lambda value: RunnableLambda(failing).invoke(value),
    "classic agent": _classic,
    "key": _key,
}
