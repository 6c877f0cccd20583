"""Attributes of spans at LangChain's borders, by the headings that they stand under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langspan.catalogue import attempts, checkpoints, mcp, memory, remote_graphs, vector_stores
from langspan.catalogue.entries import Attribute

ATTRIBUTES: Final[Mapping[str, tuple[Attribute, ...]]] = {
    "Long-term memory": memory.MEMORY,
    "MCP": mcp.MCP,
    "Attempts, middleware, checkpoints": (*attempts.ATTEMPTS, *checkpoints.CHECKPOINTS),
    "Vector stores and indexing": vector_stores.VECTOR_STORES,
    "Document compressors": vector_stores.COMPRESSORS,
    "Remote graphs": remote_graphs.REMOTE_GRAPHS,
}
