"""Names of what is recorded of vector stores, indexing and document compressors: no convention has any."""

from __future__ import annotations

from typing import Final

LANGCHAIN_VECTOR_STORE_SEARCH_TYPE: Final = "langchain.vector_store.search_type"
LANGCHAIN_INDEXING_CLEANUP: Final = "langchain.indexing.cleanup"
LANGCHAIN_COMPRESSOR_NAME: Final = "langchain.compressor.name"
LANGCHAIN_COMPRESSOR_MODEL: Final = "langchain.compressor.model"
LANGSPAN_INDEXING_DOCUMENT_COUNT: Final = "langspan.indexing.document_count"
LANGSPAN_INDEXING_ADDED_COUNT: Final = "langspan.indexing.added_count"
LANGSPAN_INDEXING_UPDATED_COUNT: Final = "langspan.indexing.updated_count"
LANGSPAN_INDEXING_SKIPPED_COUNT: Final = "langspan.indexing.skipped_count"
LANGSPAN_INDEXING_DELETED_COUNT: Final = "langspan.indexing.deleted_count"
LANGSPAN_COMPRESSION_TOP_N: Final = "langspan.compression.top_n"
LANGSPAN_COMPRESSION_INPUT_COUNT: Final = "langspan.compression.input_count"
LANGSPAN_COMPRESSION_OUTPUT_COUNT: Final = "langspan.compression.output_count"
LANGSPAN_COMPRESSION_DOCUMENTS: Final = "langspan.compression.documents"
LANGSPAN_COMPRESSION_QUERY_TEXT: Final = "langspan.compression.query.text"
LANGSPAN_COMPRESSION_DOCUMENT_TEXTS: Final = "langspan.compression.document_texts"


class SearchType:
    """Values of `langchain.vector_store.search_type`, as LangChain's retrievers spell them."""

    SIMILARITY: Final = "similarity"
    SCORE_THRESHOLD: Final = "similarity_score_threshold"
    MMR: Final = "mmr"
