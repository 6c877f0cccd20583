"""The kinds of run at LangChain's borders: calls of optional packages, for which it sends no events.

Their patches wait for the package (`langspan.langchain.patches.optional`); nothing imports this before.
"""

from __future__ import annotations

from typing import Final

from langspan.kinds import stores, vector_stores
from langspan.kinds.base import RunKind
from langspan.kinds.checkpoints import CHECKPOINT
from langspan.kinds.compressors import COMPRESSION
from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL
from langspan.kinds.remote_graphs import REMOTE_AGENT

BORDERS: Final[tuple[RunKind, ...]] = (
    *stores.KINDS,
    *vector_stores.KINDS,
    COMPRESSION,
    CHECKPOINT,
    MCP_TOOL_CALL,
    MCP_REQUEST,
    REMOTE_AGENT,
)
