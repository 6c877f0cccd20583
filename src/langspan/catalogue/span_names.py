"""The catalogue's span names: one for each kind of run."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import SpanName
from langspan.kinds import vector_stores as vectors
from langspan.kinds.agents import AGENT
from langspan.kinds.chains import CHAIN
from langspan.kinds.checkpoints import CHECKPOINT
from langspan.kinds.compressors import COMPRESSION
from langspan.kinds.decisions import DECISION, GENERATION
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.graphs import NODE, WORKFLOW
from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.remote_graphs import REMOTE_AGENT
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.stores import DELETE, GET, LIST, MIXED, SEARCH, SHARED, UPSERT
from langspan.kinds.tools import TOOL

SPANS: Final = (
    SpanName(CHAT, "chat {model}", "chat model"),
    SpanName(COMPLETION, "text_completion {model}", "completion model"),
    SpanName(DECISION, "classify {model}", "decision model"),
    SpanName(GENERATION, "generate_content {model}", "other model that LangChain reports as a chain"),
    SpanName(EMBEDDINGS, "embeddings {model}", "embeddings"),
    SpanName(TOOL, "execute_tool {tool}", "tool"),
    SpanName(RETRIEVER, "retrieval {retriever}", "retriever"),
    SpanName(SEARCH, "search_memory", "search in a LangGraph store"),
    SpanName(UPSERT, "upsert_memory", "records put into a LangGraph store"),
    SpanName(DELETE, "delete_memory", "records deleted from a LangGraph store"),
    SpanName(GET, "get_memory", "records read from a LangGraph store by their keys"),
    SpanName(LIST, "list_memory_namespaces", "namespaces of a LangGraph store listed"),
    SpanName(MIXED, "batch_memory", "different operations in one `batch` of a LangGraph store"),
    SpanName(SHARED, "shared memory batch {store}", "work of a LangGraph store for several that asked"),
    SpanName(vectors.SEARCH, "retrieval {store}", "search in a vector store"),
    SpanName(vectors.ADD, "add_documents {store}", "documents or texts added to a vector store"),
    SpanName(vectors.DELETE, "delete_documents {store}", "deletion from a vector store"),
    SpanName(vectors.INDEXING, "index_documents {store}", "`index` or `aindex`"),
    SpanName(COMPRESSION, "compress_documents {compressor}", "document compressor or reranker"),
    SpanName(
        AGENT,
        "invoke_agent {agent}",
        "agent made by `create_agent` or `create_react_agent`, including nested ones, or `AgentExecutor`",
    ),
    SpanName(REMOTE_AGENT, "invoke_agent {assistant}", "`RemoteGraph`: a graph on a LangGraph server"),
    SpanName(WORKFLOW, "invoke_workflow {graph}", "any other graph, including subgraphs"),
    SpanName(NODE, "node {node}", "graph node"),
    SpanName(
        MCP_TOOL_CALL, "tools/call {tool}", "call of an MCP server's tool by hand, not by the LangChain tool"
    ),
    SpanName(MCP_REQUEST, "its name: its method, and the name of a prompt", "other request to an MCP server"),
    SpanName(CHECKPOINT, "checkpoint {operation}", "write or read of a checkpoint, with `checkpoints=True`"),
    SpanName(CHAIN, "its name", "anything else: chain, step, prompt, parser, lambda"),
)
