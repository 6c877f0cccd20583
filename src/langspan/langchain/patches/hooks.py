"""Every name in LangChain and LangGraph that a patch relies on, with the feature that depends on it.

A patch looks up its feature here, so patching a name that is not listed fails at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from langchain_core.callbacks import manager as callback_manager

_MODELS: Final = "spans made inside model calls may not nest under them, and a cancelled call may stay open"
_CONVERSATIONS: Final = "the config of a model called by itself does not tell its conversation and user"
_TOOLS: Final = "a cancelled tool may stay open until it is evicted"
_RETRIEVERS: Final = "spans made inside retrievers do not nest under them"
_EMBEDDINGS: Final = "calls of embeddings have no span"
_STORES: Final = "some operations of LangGraph's stores have no span"
_VECTOR_STORES: Final = "some calls of vector stores may have no span"
_INDEXING: Final = "indexing has no span around the calls of its vector store"
_COMPRESSORS: Final = "calls of document compressors may have no span"
_CHAINS: Final = "a chain may stay open until it is evicted if another handler fails in its start or end"
_FALLBACKS: Final = "a stream with fallbacks that is closed early may stay open until it is evicted"
_STANDS_IN: Final = "a model that stands in for another does not tell for which"
_MIDDLEWARE: Final = (
    "what an agent's middleware runs again tells no attempt and no model that it replaces, and hooks no time"
)
_CLASSIC: Final = "a classic agent is recorded as a chain"
_CHECKPOINTS: Final = "some writes and reads of checkpoints have no span, or not under their graph"
_GRAPHS: Final = "an agent may be recorded as a workflow, and a nested graph as a chain"
_LOST: Final = "some of its answers do not tell their id or the model that gave them"
_CACHED: Final = "nodes answered from LangGraph's cache have no span"
_INTERRUPTS: Final = "interrupts before and after nodes are not marked"
_BATCHES: Final = "runs of a batch do not have the conversation and the user that only their config tells"
_LINKS: Final = "graphs that go on in another process are not linked to the interrupted one"
_MCP: Final = "requests to MCP servers have no span, and a traced server starts a trace of its own"
_CONNECTIONS: Final = "spans of MCP requests do not tell the transport, the server's address and the session"
_REMOTE: Final = "calls of remote graphs have no span"
_HEADERS: Final = "some requests of the LangGraph SDK do not carry the trace"

_OF_PACKAGES: Final = (
    "BaseChatOpenAI._convert_chunk_to_generation_chunk",
    "langchain_openai.chat_models.base._convert_responses_chunk_to_generation_chunk",
    "langchain_openai.llms.base._stream_response_to_generation_chunk",
    "ChatAnthropic._make_message_chunk_from_anthropic_event",
    "langchain_google_genai.chat_models._response_to_result",
    "langchain_mistralai.chat_models._convert_chunk_to_message_chunk",
    "ChatMistralAI._create_chat_result",
    "langchain_groq.chat_models._convert_chunk_to_message_chunk",
    "ChatGroq._create_chat_result",
    "langchain_fireworks.chat_models._convert_chunk_to_message_chunk",
    "ChatFireworks._create_chat_result",
    "langchain_huggingface.chat_models.huggingface._convert_chunk_to_message_chunk",
    "ChatHuggingFace._create_chat_result",
)
_OF_MCP: Final[Mapping[str, str]] = {
    "BaseSession.send_request": _MCP,
    "ClientSession.send_request": "tools of MCP servers do not tell of the protocol",
    **{
        f"{module}.{name}": _CONNECTIONS
        for name, modules in {
            "stdio_client": ("mcp.client.stdio", "fastmcp.client.transports.stdio"),
            "sse_client": ("mcp.client.sse", "fastmcp.client.transports.sse"),
            "streamable_http_client": ("mcp.client.streamable_http", "fastmcp.client.transports.http"),
            "streamablehttp_client": ("mcp.client.streamable_http",),
            "websocket_client": ("mcp.client.websocket",),
        }.items()
        for module in (*modules, "langchain_mcp_adapters.sessions")
    },
}
_OF_CLASSIC: Final = (
    "Chain.invoke",
    "Chain.ainvoke",
    "Chain.prep_inputs",
    "Chain.aprep_inputs",
    "AgentExecutor._call",
    "AgentExecutor._acall",
    "AgentExecutorIterator.reset",
)
_OF_SAVERS: Final = (
    "BaseCheckpointSaver.put",
    "BaseCheckpointSaver.put_writes",
    "BaseCheckpointSaver.get_tuple",
    "BaseCheckpointSaver.list",
    "BaseCheckpointSaver.aput",
    "BaseCheckpointSaver.aput_writes",
    "BaseCheckpointSaver.aget_tuple",
    "BaseCheckpointSaver.alist",
    "JsonPlusSerializer.dumps_typed",
    "JsonPlusSerializer.loads_typed",
    "PregelLoop.put_writes",
    "PregelLoop._put_pending_writes",
    "PregelLoop._put_exit_delta_writes",
    "SyncPregelLoop._checkpointer_put_after_previous",
    "AsyncPregelLoop._checkpointer_put_after_previous",
    "SyncPregelLoop.__enter__",
    "AsyncPregelLoop.__aenter__",
)
VECTOR_SEARCHES: Final = tuple(
    f"{prefix}{kind}_search{way}"
    for prefix in ("", "a")
    for kind, ways in {
        "similarity": ("", "_with_score", "_with_relevance_scores", "_by_vector"),
        "max_marginal_relevance": ("", "_by_vector"),
    }.items()
    for way in ways
)
"""The searches that every vector store has."""

_VECTOR_WRITES: Final = ("add_documents", "add_texts", "delete", "aadd_documents", "aadd_texts", "adelete")

_OF_STORES: Final = tuple(
    f"BaseStore.{prefix}{name}"
    for name in ("get", "search", "put", "delete", "list_namespaces", "batch")
    for prefix in ("", "a")
)
_SDK_CLIENTS: Final = tuple(
    f"{client}.{method}"
    for client in ("HttpClient", "SyncHttpClient")
    for method in ("get", "post", "put", "patch", "delete", "request_reconnect", "stream")
)
_SDK_TRANSPORTS: Final = tuple(
    f"{prefix}Protocol{kind}Transport.__init__" for prefix in ("", "Sync") for kind in ("Sse", "WebSocket")
)
_OF_THREADS: Final = ("apply_lifecycle_event", "fetch_state", "fail_run_done")
_EVENT_STREAMS: Final = (
    *("RemoteGraph.stream_events", "RemoteGraph.astream_events"),
    *(f"_RemoteGraphRunStream.{name}" for name in ("__enter__", "__exit__", "abort")),
    *(f"_AsyncRemoteGraphRunStream.{name}" for name in ("__aenter__", "__aexit__", "abort")),
    *(f"{kind}ThreadStream._{do}" for kind in ("Sync", "Async") for do in _OF_THREADS),
    *("SyncProtocolSseTransport.open_event_stream", "ProtocolSseTransport.open_event_stream"),
)
PATCHED: Final[Mapping[str, str]] = {
    "langchain_core.runnables.config._set_config_context": (
        "spans made inside chains and tools do not nest under them"
    ),
    "RunnableWithFallbacks.invoke": _STANDS_IN,
    "RunnableWithFallbacks.ainvoke": _STANDS_IN,
    "RunnableWithFallbacks.stream": _FALLBACKS,
    "RunnableWithFallbacks.astream": _FALLBACKS,
    "RunnableSequence.batch": _BATCHES,
    "RunnableSequence.abatch": _BATCHES,
    "RunnableWithFallbacks.batch": _BATCHES,
    "RunnableWithFallbacks.abatch": _BATCHES,
    "Runnable._batch_with_config": _BATCHES,
    "Runnable._abatch_with_config": _BATCHES,
    "BaseLLM.batch": _BATCHES,
    "BaseLLM.abatch": _BATCHES,
    "AsyncCallbackManager.on_llm_start": (
        "other handlers may miss on_llm_start of asynchronous completion models"
    ),
    "CallbackManager.on_chain_start": _CHAINS,
    "AsyncCallbackManager.on_chain_start": _CHAINS,
    "CallbackManagerForChainRun.on_chain_end": _CHAINS,
    "AsyncCallbackManagerForChainRun.on_chain_end": _CHAINS,
    "CallbackManagerForChainRun.on_chain_error": _CHAINS,
    "AsyncCallbackManagerForChainRun.on_chain_error": _CHAINS,
    "BaseChatModel.generate": _MODELS,
    "BaseChatModel.agenerate": _MODELS,
    "BaseChatModel.invoke": _CONVERSATIONS,
    "BaseChatModel.ainvoke": _CONVERSATIONS,
    "BaseLLM.invoke": _CONVERSATIONS,
    "BaseLLM.ainvoke": _CONVERSATIONS,
    "BaseChatModel.stream": _MODELS,
    "BaseChatModel.astream": _MODELS,
    "BaseChatModel._generate_with_cache": _MODELS,
    "BaseChatModel._agenerate_with_cache": _MODELS,
    "BaseChatModel._iter_v2_events": _MODELS,
    "BaseChatModel._aiter_v2_events": _MODELS,
    "BaseLLM.generate": _MODELS,
    "BaseLLM.agenerate": _MODELS,
    "BaseLLM.stream": _MODELS,
    "BaseLLM.astream": _MODELS,
    "BaseLLM._generate_helper": _MODELS,
    "BaseLLM._agenerate_helper": _MODELS,
    "AsyncCallbackManagerForLLMRun.on_llm_new_token": "asynchronous streams take longer than they need to",
    "BaseTool.run": _TOOLS,
    "BaseTool.arun": _TOOLS,
    "BaseRetriever.invoke": _RETRIEVERS,
    "BaseRetriever.ainvoke": _RETRIEVERS,
    "Embeddings.embed_documents": _EMBEDDINGS,
    "Embeddings.embed_query": _EMBEDDINGS,
    "Embeddings.aembed_documents": _EMBEDDINGS,
    "Embeddings.aembed_query": _EMBEDDINGS,
    **{f"VectorStore.{name}": _VECTOR_STORES for name in (*VECTOR_SEARCHES, *_VECTOR_WRITES)},
    "langchain_core.indexing.api.index": _INDEXING,
    "langchain_core.indexing.api.aindex": _INDEXING,
    "BaseDocumentCompressor.compress_documents": _COMPRESSORS,
    "BaseDocumentCompressor.acompress_documents": _COMPRESSORS,
    "langgraph._internal._runnable._set_config_context": (
        "spans made inside graph nodes do not nest under them"
    ),
    "langgraph.pregel._retry._arun_with_timeout": "a node that times out is marked as cancelled",
    "Pregel._defaults": _GRAPHS,
    "Pregel.get_name": _GRAPHS,
    "langgraph.pregel.main.get_callback_manager_for_config": _GRAPHS,
    "langgraph.pregel.main.get_async_callback_manager_for_config": _GRAPHS,
    "langgraph.pregel.main.get_sync_graph_callback_manager_for_config": _INTERRUPTS,
    "langgraph.pregel.main.get_async_graph_callback_manager_for_config": _INTERRUPTS,
    "langchain.agents.factory._chain_model_call_handlers": _MIDDLEWARE,
    "langchain.agents.factory._chain_async_model_call_handlers": _MIDDLEWARE,
    "langchain.agents.factory._chain_tool_call_wrappers": _MIDDLEWARE,
    "langchain.agents.factory._chain_async_tool_call_wrappers": _MIDDLEWARE,
    "PregelLoop._put_checkpoint": _LINKS,
    "PregelLoop._first": _LINKS,
    "PregelLoop.tick": _LINKS,
    "langgraph.pregel.main.create_checkpoint_plan_for_update_state_api": (
        "a graph whose state was updated while it waited is not linked if it goes on in another process"
    ),
    "SyncPregelLoop.match_cached_writes": _CACHED,
    "AsyncPregelLoop.amatch_cached_writes": _CACHED,
    **dict.fromkeys(_OF_STORES, _STORES),
    "AsyncBatchedBaseStore._ensure_task": (
        "what a batching store does for several that asked is not linked to them"
    ),
    "langgraph.store.memory.cf": "embeddings of an in-memory store's search do not nest under it",
    **dict.fromkeys(_OF_PACKAGES, _LOST),
    **_OF_MCP,
    **dict.fromkeys(_OF_CLASSIC, _CLASSIC),
    **dict.fromkeys(_OF_SAVERS, _CHECKPOINTS),
    "RemoteGraph.stream": _REMOTE,
    "RemoteGraph.astream": _REMOTE,
    **dict.fromkeys(
        _EVENT_STREAMS, "event streams of remote graphs have no span, or it does not tell their end"
    ),
    "SSEDecoder.decode": "a remote graph's call does not tell that the graph waits for its user",
    **dict.fromkeys((*_SDK_CLIENTS, *_SDK_TRANSPORTS), _HEADERS),
}
"""The patched names, with the effect for users if the name is missing."""

YOUNG: Final = frozenset(
    {
        "BaseChatModel._iter_v2_events",
        "BaseChatModel._aiter_v2_events",
        "langgraph.pregel._retry._arun_with_timeout",
        "langgraph.pregel.main.get_sync_graph_callback_manager_for_config",
        "langgraph.pregel.main.get_async_graph_callback_manager_for_config",
        "langgraph.pregel.main.create_checkpoint_plan_for_update_state_api",
        "PregelLoop._put_exit_delta_writes",
        *_OF_PACKAGES,
        *_OF_MCP,
        *_OF_CLASSIC,
        *_SDK_TRANSPORTS,
        *_EVENT_STREAMS,
    }
)
"""The names that the oldest supported versions lack, for which no warning is logged."""


def full_name(owner: Any, name: str) -> str:
    """Return the name under which an attribute of a module or class is listed."""
    return f"{getattr(owner, '__qualname__', owner.__name__)}.{name}"


def run_id_factory(manager: Any = callback_manager) -> Callable[[], uuid.UUID]:
    """Return LangChain's factory of run ids, which differs between versions. Without it ids are unordered."""
    factory: Callable[[], uuid.UUID] = getattr(manager, "uuid7", uuid.uuid4)
    return factory
