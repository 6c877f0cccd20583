"""The catalogue's rows for vector stores, indexing and document compressors."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Level, Source, Type, constants, rows
from langspan.conventions import vector_stores as own
from langspan.kinds.compressors import COMPRESSION
from langspan.kinds.vector_stores import ADD, DELETE, INDEXING, SEARCH

_SEARCH: Final = frozenset({SEARCH})
_WRITES: Final = frozenset({ADD, DELETE})
_ADD: Final = frozenset({ADD, INDEXING})
_INDEXING: Final = frozenset({INDEXING})
_COMPRESSION: Final = frozenset({COMPRESSION})

VECTOR_STORES: Final = (
    *rows(
        Source.OWN,
        _SEARCH,
        (own.LANGCHAIN_VECTOR_STORE_SEARCH_TYPE, Type.STRING, Level.REQUIRED, "mmr", "always"),
        values=constants(own.SearchType),
    ),
    *rows(
        Source.OWN,
        _WRITES,
        (
            own.LANGSPAN_INDEXING_DOCUMENT_COUNT,
            Type.INT,
            Level.RECOMMENDED,
            3,
            "documents, texts or ids are given as a list",
        ),
    ),
    *rows(
        Source.OWN,
        _ADD,
        (own.LANGSPAN_INDEXING_ADDED_COUNT, Type.INT, Level.RECOMMENDED, 3, "it returned"),
    ),
    *rows(
        Source.OWN,
        _INDEXING,
        (own.LANGSPAN_INDEXING_UPDATED_COUNT, Type.INT, Level.RECOMMENDED, 1, "it returned"),
        (own.LANGSPAN_INDEXING_SKIPPED_COUNT, Type.INT, Level.RECOMMENDED, 7, "it returned"),
        (own.LANGSPAN_INDEXING_DELETED_COUNT, Type.INT, Level.RECOMMENDED, 2, "it returned"),
        (own.LANGCHAIN_INDEXING_CLEANUP, Type.STRING, Level.RECOMMENDED, "full", "the call sets it"),
    ),
)
COMPRESSORS: Final = (
    *rows(
        Source.OWN,
        _COMPRESSION,
        (own.LANGCHAIN_COMPRESSOR_NAME, Type.STRING, Level.REQUIRED, "CohereRerank", "always"),
        (
            own.LANGCHAIN_COMPRESSOR_MODEL,
            Type.STRING,
            Level.RECOMMENDED,
            "rerank-v3.5",
            "the compressor stores one",
        ),
        (own.LANGSPAN_COMPRESSION_TOP_N, Type.INT, Level.RECOMMENDED, 3, "the compressor stores it"),
        (own.LANGSPAN_COMPRESSION_INPUT_COUNT, Type.INT, Level.RECOMMENDED, 20, "given as a list"),
        (own.LANGSPAN_COMPRESSION_OUTPUT_COUNT, Type.INT, Level.RECOMMENDED, 3, "it returned"),
        (
            own.LANGSPAN_COMPRESSION_DOCUMENTS,
            Type.JSON,
            Level.RECOMMENDED,
            '[{"id":"d1","score":0.9}]',
            "documents have ids or scores; nothing else is recorded here",
        ),
        (own.LANGSPAN_COMPRESSION_QUERY_TEXT, Type.STRING, Level.CONTENT, "late parcel", "always"),
        (
            own.LANGSPAN_COMPRESSION_DOCUMENT_TEXTS,
            Type.JSON,
            Level.CONTENT,
            '["A parcel is …"]',
            "it returned",
        ),
    ),
)
