"""Names for long-term memory: the GenAI conventions' own, LangGraph's and this package's."""

from __future__ import annotations

from typing import Final

GEN_AI_MEMORY_RECORD_ID: Final = "gen_ai.memory.record.id"
GEN_AI_MEMORY_RECORD_COUNT: Final = "gen_ai.memory.record.count"
GEN_AI_MEMORY_RECORDS: Final = "gen_ai.memory.records"
GEN_AI_MEMORY_QUERY_TEXT: Final = "gen_ai.memory.query.text"

LANGGRAPH_STORE_NAME: Final = "langgraph.store.name"

LANGSPAN_MEMORY_NAMESPACE: Final = "langspan.memory.namespace"
LANGSPAN_MEMORY_NAMESPACES: Final = "langspan.memory.namespaces"
LANGSPAN_MEMORY_NAMESPACE_COUNT: Final = "langspan.memory.namespace_count"
LANGSPAN_MEMORY_OPERATIONS: Final = "langspan.memory.operations"
LANGSPAN_MEMORY_OPERATION_COUNT: Final = "langspan.memory.operation_count"


class MemoryOperationName:
    """Values of `gen_ai.operation.name`. The conventions lack the last three and allow others."""

    SEARCH_MEMORY: Final = "search_memory"
    UPSERT_MEMORY: Final = "upsert_memory"
    DELETE_MEMORY: Final = "delete_memory"
    GET_MEMORY: Final = "get_memory"
    LIST_MEMORY_NAMESPACES: Final = "list_memory_namespaces"
    BATCH_MEMORY: Final = "batch_memory"
