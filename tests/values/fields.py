"""Every place of LangChain's and LangGraph's that can hold a value, by name: one real run for each.

A function gets the value and returns what the application got; what it raises is what the application got, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypedDict

from langchain_core.callbacks.manager import adispatch_custom_event, dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, Generation, LLMResult
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnablePassthrough
from langchain_core.tools import StructuredTool, Tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send, interrupt

Run = Callable[[Any], Any]


class Chat(BaseChatModel):
    """Answers with whatever it was made with, and tells whatever it was made with about itself."""

    result: Any = None
    chunks: Any = ()
    params: Any = None
    hints: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> Any:
        return self.params or {}

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return self.hints or {"ls_provider": "openai", "ls_model_name": "m"}

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        return self.result or ChatResult(generations=[ChatGeneration(message=AIMessage("x"))])


class StreamingChat(Chat):
    """The same as a stream."""

    def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        for chunk in self.chunks:
            if run_manager:
                run_manager.on_llm_new_token(chunk.content, chunk=ChatGenerationChunk(message=chunk))
            yield ChatGenerationChunk(message=chunk)


class Completion(BaseLLM):
    """A completion model that answers with whatever it was made with."""

    info: Any = None
    output: Any = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, prompts: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        generation = Generation.model_construct(text="x", generation_info=self.info)
        return LLMResult.model_construct(generations=[[generation]] * len(prompts), llm_output=self.output)


class Retriever(BaseRetriever):
    """Finds whatever it was made with."""

    found: Any = ()
    search_kwargs: Any = None

    def _get_relevant_documents(self, query: Any, *, run_manager: Any, **kwargs: Any) -> Any:
        return self.found


class Vectors(Embeddings):
    """Gives whatever it was made with."""

    def __init__(self, vector: Any = (0.5,), **fields: Any) -> None:
        self.vector = vector
        vars(self).update(fields)

    def embed_documents(self, texts: Any) -> Any:
        return [self.vector for _ in texts]

    def embed_query(self, text: Any) -> Any:
        return self.vector


class State(TypedDict, total=False):
    x: Any
    messages: Any


def same(value: Any) -> Any:
    return value


async def same_later(value: Any) -> Any:
    return value


def failing(value: Any) -> Any:
    raise ValueError(value, "second")


def _run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def _with(config: dict[str, Any], run: Any = None) -> Any:
    return (run or RunnableLambda(same, name="same")).invoke("in", config)


def _with_everywhere(config: dict[str, Any]) -> Any:
    """One config for a run of each kind."""
    chat = Chat().invoke("in", config).content
    tool = Tool(name="t", description="", func=same).invoke("in", config)
    found = Retriever().invoke("in", config)
    return _with(config), chat, tool, found, _graph(lambda state: {"x": 1}).invoke({"x": 0}, config)


def _metadata(*keys: str) -> Run:
    return lambda value: _with_everywhere({"metadata": dict.fromkeys(keys, value)})


def _chat_with(value: Any, *keys: str) -> Any:
    return Chat().bind(**dict.fromkeys(keys, value)).invoke("in").content


def _graph(*nodes: Any, saver: Any = None, edge: Any = None) -> Any:
    graph = StateGraph(State)
    for number, node in enumerate(nodes):
        graph.add_node(f"n{number}", node)
    graph.add_edge(START, "n0")
    if edge is not None:
        graph.add_conditional_edges("n0", edge)
    return graph.compile(checkpointer=saver)


def _send(value: Any) -> Any:
    return _graph(lambda _: {}, lambda state: {"x": "seen"}, edge=lambda _: [Send("n1", value)]).invoke({"x": 0})


def _command(value: Any) -> Any:
    return _graph(lambda _: Command(update={"x": value}, goto="n1"), lambda _: {}).invoke({"x": 0})


def _interrupted(value: Any, answer: Any = "yes") -> Any:
    graph = _graph(lambda _: {"x": str(type(interrupt(value)))}, saver=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    first = graph.invoke({"x": 0}, config)
    return first, graph.invoke(Command(resume=answer), config)


def _state(value: Any) -> Any:
    return _graph(lambda state: {"x": state["x"]}).invoke({"x": value})


async def _state_later(value: Any) -> Any:
    async def node(state: Any) -> Any:
        return {"x": state["x"]}

    graph = _graph(node)
    return await graph.ainvoke({"x": value}), [part async for part in graph.astream({"x": value})]


def _tool(function: Any, **options: Any) -> StructuredTool:
    def call(x: Any) -> Any:
        """Work."""
        return function(x)

    return StructuredTool.from_function(call, name="t", **options)


def _artifact(value: Any) -> Any:
    tool = _tool(lambda x: (x, x), response_format="content_and_artifact")
    return tool.invoke({"name": "t", "args": {"x": value}, "id": "c", "type": "tool_call"})


def _tool_message(value: Any) -> Any:
    return _tool(same).invoke({"name": "t", "args": {"x": value}, "id": "c", "type": "tool_call"})


def _tool_node(value: Any) -> Any:
    call = {"name": "t", "args": {"x": 1}, "id": "c", "type": "tool_call"}
    node = ToolNode([_tool(lambda _: value)])
    return _graph(node).invoke({"messages": [AIMessage("", tool_calls=[call])]})


def _answer(**fields: Any) -> Any:
    """A model's answer with fields that nobody has looked at."""
    message = AIMessage("x")
    vars(message).update(fields)
    return Chat(result=_result(message)).invoke("in")


def _result(message: Any, **fields: Any) -> Any:
    generation = ChatGeneration.model_construct(message=message, text="x", **fields)
    return ChatResult.model_construct(generations=[generation], llm_output={})


def _of(*keys: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: dict.fromkeys(keys, value)


_USAGE = _of("input_tokens", "output_tokens", "total_tokens", "prompt_tokens", "input_token_details", "total_cost")
_DETAILS = _of("cache_read", "cache_creation", "ephemeral_5m_input_tokens", "text", "reasoning", "audio")
_FACTS = _of(
    "id", "model_name", "model_provider", "service_tier", "system_fingerprint", "finish_reason", "token_usage"
)
_EXTRAS = _of("reasoning_content", "function_call", "audio", "tool_calls", "refusal")
_REQUEST = (
    *("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed", "n"),
    *("reasoning_effort", "reasoning", "thinking", "thinking_config", "response_format", "modalities"),
    *("service_tier", "model_kwargs", "extra_body", "base_url", "model", "text", "output_config", "effort"),
)
_HINTS = _of("ls_provider", "ls_model_name", "ls_temperature", "ls_max_tokens", "ls_stop", "ls_model_type")
_BLOCKS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: {"type": "text", "text": value},
    "image": lambda value: {"type": "image", "base64": value, "mime_type": value},
    "image link": lambda value: {"type": "image_url", "image_url": value},
    "nested image link": lambda value: {"type": "image_url", "image_url": {"url": value}},
    "sourced file": lambda value: {"type": "document", "source": value},
    "Bedrock's image": lambda value: {"image": {"format": value, "source": {"bytes": value}}},
    "reasoning": lambda value: {"type": "reasoning", "summary": value},
    "tool call": lambda value: {"type": "tool_use", "id": value, "name": value, "input": value},
    "tool result": lambda value: {"type": "tool_result", "tool_use_id": value, "content": value, "is_error": value},
    "server's call": lambda value: {"type": "server_tool_use", "id": value, "name": value, "input": value},
    "server's result": lambda value: {"type": "web_search_tool_result", "tool_use_id": value, "content": value},
    "non-standard": lambda value: {"type": "non_standard", "value": value},
    "unknown": lambda value: {"type": "weird", "x": value},
    "kindless": lambda value: {"x": value, "type": value},
    "bare": same,
}


def _asked(message: Any) -> Any:
    return Chat().invoke([SystemMessage("be"), message]).content


def _asked_with(value: Any, block: Callable[[Any], Any]) -> Any:
    """In a question, in a system message, in an answer; whatever pydantic thinks of it."""
    asked = [
        SystemMessage.model_construct(content=[block(value)]),
        HumanMessage.model_construct(content=[block(value)]),
        ToolMessage.model_construct(content=[block(value)], tool_call_id=value, status=value, name=value),
    ]
    answer = AIMessage.model_construct(content=[block(value)])
    return Chat(result=_result(answer)).invoke(asked)


def _calls(value: Any) -> Any:
    calls = [{"name": "t", "args": value, "id": "c", "type": "tool_call"}, value]
    history = AIMessage.model_construct(content="", tool_calls=calls, invalid_tool_calls=value)
    return _asked(history), _answer(tool_calls=calls)


def _streamed(value: Any) -> Any:
    first = AIMessageChunk.model_construct(content="x", response_metadata={"x": value}, id="i")
    return [chunk.content for chunk in StreamingChat(chunks=[first]).stream("in")]


def _events(value: Any) -> Any:
    async def asynchronously(_: Any) -> str:
        await adispatch_custom_event("e", value)
        return "sent"

    def body(_: Any) -> str:
        dispatch_custom_event("e", value)
        dispatch_custom_event(value, {})
        return "sent"

    return RunnableLambda(body).invoke(0), _run(RunnableLambda(asynchronously).ainvoke(0))


def _documents(value: Any) -> Any:
    facts = Document("x", metadata={"score": value, "relevance_score": value, "x": value})
    held = Document.model_construct(page_content=value, metadata=value, id=value)
    return Retriever(found=[facts, held]).invoke("in")


def _embedded(value: Any) -> Any:
    return Vectors().embed_query(value), Vectors().embed_documents([value])


FIELDS: dict[str, Run] = {
    "chain": lambda value: RunnableLambda(same).invoke(value),
    "asynchronous chain": lambda value: _run(RunnableLambda(same_later).ainvoke(value)),
    "in a chain": lambda value: RunnablePassthrough.assign(y=lambda held: held["x"]).invoke({"x": value}),
    "batch": lambda value: RunnableLambda(same).batch([value, [value]]),
    "streamed chain": lambda value: list(RunnableGenerator(lambda parts: parts).stream(value)),
    "state": _state,
    "asynchronous state": lambda value: _run(_state_later(value)),
    "whole state": lambda value: _graph(lambda _: {}).invoke(value),
    "messages of a state": lambda value: _graph(same).invoke({"messages": value}),
    "output of a node": lambda value: _graph(lambda _: value).invoke({"x": 0}),
    "send": _send,
    "command": _command,
    "interrupt": _interrupted,
    "resumption": lambda value: _interrupted("sure?", value),
    "input of a tool": lambda value: Tool(name="t", description="", func=same).invoke(value),
    "argument of a tool": lambda value: _tool(same).invoke({"x": value}),
    "asynchronous tool": lambda value: _run(
        StructuredTool.from_function(coroutine=same_later, name="t", description="d").ainvoke({"value": value})
    ),
    "artifact": _artifact,
    "message of a tool": _tool_message,
    "result in a tool node": _tool_node,
    "tool call": _calls,
    **{f"{name} block": lambda value, block=block: _asked_with(value, block) for name, block in _BLOCKS.items()},
    "content of a message": lambda value: _asked(HumanMessage.model_construct(content=value, name=value)),
    "extras of a message": lambda value: _asked(AIMessage("", additional_kwargs={"x": value, **_EXTRAS(value)})),
    "extras of an answer": lambda value: _answer(additional_kwargs=_EXTRAS(value)),
    "all extras of an answer": lambda value: _answer(additional_kwargs=value),
    "facts of an answer": lambda value: _answer(response_metadata=_FACTS(value)),
    "all facts of an answer": lambda value: _answer(response_metadata=value),
    "status of an answer": lambda value: _answer(response_metadata=_of("status", "incomplete_details")(value)),
    "id of an answer": lambda value: _answer(id=value),
    "counts": lambda value: _answer(usage_metadata=_USAGE(value)),
    "details of counts": lambda value: _answer(
        usage_metadata={"input_tokens": 3, **_of("input_token_details", "output_token_details")(_DETAILS(value))}
    ),
    "all counts": lambda value: _answer(usage_metadata=value),
    "provider's counts": lambda value: _answer(
        response_metadata={"token_usage": {**_USAGE(value), "prompt_tokens_details": value, "billed_units": value}}
    ),
    "content of an answer": lambda value: _answer(content=value),
    "facts of a generation": lambda value: Chat(
        result=_result(AIMessage("x"), generation_info=_FACTS(value))
    ).invoke("in"),
    "output of a model": lambda value: Chat(
        result=ChatResult.model_construct(
            generations=[ChatGeneration(message=AIMessage("x"))], llm_output=_FACTS(value)
        )
    ).invoke("in"),
    "stream": _streamed,
    "completion": lambda value: Completion(info=_FACTS(value), output=_FACTS(value)).invoke("in"),
    "all of a completion": lambda value: Completion(info=value, output=value).generate(["in"]).generations,
    "prompt": lambda value: Completion().invoke(value),
    "parameters": lambda value: _chat_with(value, *_REQUEST),
    "parameters of a completion": lambda value: Completion().invoke("in", **dict.fromkeys(_REQUEST, value)),
    "parameters of a model": lambda value: Chat(params=dict.fromkeys(_REQUEST, value)).invoke("in").content,
    "hints": lambda value: Chat(hints=_HINTS(value)).invoke("in").content,
    "stop": lambda value: _chat_with(value, "stop"),
    "one stop": lambda value: Chat().invoke("in", stop=["a", value]).content,
    "tools": lambda value: _chat_with(value, "tools"),
    "one tool": lambda value: _chat_with([value, {"name": "t", "parameters": {"x": value}}], "tools"),
    "variable": lambda value: PromptTemplate.from_template("{x}").invoke({"x": value}),
    "variable of a chat": lambda value: ChatPromptTemplate.from_template("{x}").invoke({"x": value}),
    "partial": lambda value: PromptTemplate.from_template("{x}{y}").partial(x=value).invoke({"y": 1}),
    "placeholder": lambda value: ChatPromptTemplate([MessagesPlaceholder("x")]).invoke({"x": value}),
    "event": _events,
    "documents": _documents,
    "found": lambda value: Retriever(found=value).invoke("in"),
    "query": lambda value: Retriever().invoke(value),
    "how many to find": lambda value: Retriever(search_kwargs={"k": value}).invoke("in", k=value),
    "embedded": _embedded,
    "vector": lambda value: Vectors(value).embed_query("in"),
    "embeddings": lambda value: Vectors(
        **_of("model", "deployment", "base_url", "dimensions", "encoding_format", "model_kwargs")(value)
    ).embed_query("in"),
    "metadata": _metadata("x"),
    "ids": _metadata("thread_id", "session_id", "user_id"),
    "marks": _metadata("ls_integration", "lc_agent_name", "langgraph_node", "langgraph_triggers", "lc_source"),
    "marks of models": _metadata("ls_provider", "ls_model_name", "ls_temperature", "ls_retriever_name"),
    "configurable": lambda value: _with_everywhere({"configurable": {"x": value, "user_id": value}}),
    "thread": lambda value: _graph(lambda _: {}).invoke({"x": 0}, {"configurable": {"thread_id": value}}),
    "tags": lambda value: _with_everywhere({"tags": ["a", value]}),
    "name": lambda value: _with_everywhere({"run_name": value}),
    "exception": lambda value: RunnableLambda(failing).invoke(value),
    "exception of a tool": lambda value: _tool(failing).invoke({"x": value}),
    "exception of a node": lambda value: _graph(lambda _: failing(value)).invoke({"x": 0}),
}
