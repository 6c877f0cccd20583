"""The catalogue's rows for long-term memory: operations of LangGraph's stores."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Level, Source, Type, rows
from langspan.conventions import memory
from langspan.kinds.stores import DELETE, GET, KINDS, LIST, MIXED, OPERATIONS, SEARCH, SHARED, UPSERT

_ALL: Final = frozenset(KINDS)
_ASKED: Final = frozenset(OPERATIONS)
_RECORDS: Final = frozenset({SEARCH, UPSERT, GET, MIXED})
_ONE: Final = frozenset({UPSERT, DELETE, GET, MIXED})
_COUNTED: Final = frozenset({SEARCH, UPSERT, DELETE, GET, MIXED})

MEMORY: Final = (
    *rows(
        Source.GENAI_NEXT,
        _COUNTED,
        (
            memory.GEN_AI_MEMORY_RECORD_COUNT,
            Type.INT,
            Level.REQUIRED,
            3,
            "it returned: how many records were found, stored or deleted; of different operations, found",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        _ONE,
        (
            memory.GEN_AI_MEMORY_RECORD_ID,
            Type.STRING,
            Level.CONTENT,
            "favourite-tea",
            "the operation is about one key",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        frozenset({SEARCH, MIXED}),
        (
            memory.GEN_AI_MEMORY_QUERY_TEXT,
            Type.STRING,
            Level.CONTENT,
            "what to drink",
            "the search has one query",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        _RECORDS,
        (
            memory.GEN_AI_MEMORY_RECORDS,
            Type.JSON,
            Level.CONTENT,
            '[{"id":"favourite-tea","content":{"tea":"oolong"},"metadata":{"namespace":["users","u-1"]}}]',
            "records are stored, or were found",
        ),
    ),
    *rows(
        Source.OWN,
        _ALL,
        (memory.LANGGRAPH_STORE_NAME, Type.STRING, Level.REQUIRED, "InMemoryStore", "always: its class"),
        (
            memory.LANGSPAN_MEMORY_OPERATION_COUNT,
            Type.INT,
            Level.CONDITIONAL,
            5,
            "it is a batch: how many operations it has",
        ),
    ),
    *rows(
        Source.OWN,
        frozenset({MIXED, SHARED}),
        (
            memory.LANGSPAN_MEMORY_OPERATIONS,
            Type.STRINGS,
            Level.CONDITIONAL,
            ["get_memory", "search_memory"],
            "the operations of the batch are known: which kinds it has",
        ),
    ),
    *rows(
        Source.OWN,
        _ASKED,
        (
            memory.LANGSPAN_MEMORY_NAMESPACE,
            Type.JSON,
            Level.CONTENT,
            '["users","u-1"]',
            "the operation is about one namespace; of a search: the prefix",
        ),
    ),
    *rows(
        Source.OWN,
        frozenset({LIST}),
        (memory.LANGSPAN_MEMORY_NAMESPACE_COUNT, Type.INT, Level.REQUIRED, 2, "it returned"),
        (
            memory.LANGSPAN_MEMORY_NAMESPACES,
            Type.JSON,
            Level.CONTENT,
            '[["users","u-1"],["users","u-2"]]',
            "some were found",
        ),
    ),
)
