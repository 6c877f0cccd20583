"""Vector stores: the attributes of a search and of an indexing; nothing of any other shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from langspan.kinds.retrievers import document_texts, retriever_end
from langspan.kinds.vector_stores import indexing_end, store_start

TEXT = Document("private", id="a", metadata={"score": 0.25})


class Store:
    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


class MistralAIEmbeddings(Embeddings):
    model = "mistral-embed"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"embedding": MistralAIEmbeddings()}, {"gen_ai.request.model": "mistral-embed"}),
        (
            {"embedding": None, "_embeddings": MistralAIEmbeddings()},
            {"gen_ai.request.model": "mistral-embed"},
        ),
        ({"embedding": DeterministicFakeEmbedding(size=2)}, {}),
        ({"embedding_function": len}, {}),
        ({"embedding": Store(model="m")}, {}),
        ({}, {}),
    ],
    ids=["embeddings", "the second name", "without a model", "a function", "something else", "none"],
)
def test_the_model_is_that_of_the_embeddings_that_a_store_keeps(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert expected == store_start(Store(**fields))


@pytest.mark.parametrize("top_k", [None, -1, "4", True, 1.5], ids=repr)
def test_what_is_no_number_of_documents_is_left_out(top_k: Any) -> None:
    assert {"langchain.vector_store.search_type": "mmr"} == store_start(
        Store(), top_k=top_k, search_type="mmr"
    )


def test_a_score_beside_a_document_is_its_score() -> None:
    found = retriever_end([(TEXT, 0.75), (TEXT,), (TEXT, "far"), ()])

    assert 4 == found["langspan.retrieval.document_count"]
    assert [0.75, 0.25, 0.25] == [each["score"] for each in json.loads(found["gen_ai.retrieval.documents"])]


def test_a_score_in_the_state_of_a_document_is_its_score() -> None:
    class Held(Document):
        state: dict[str, Any]

    found = retriever_end([Held("private", state={"query_similarity_score": 0.5, "embedded_doc": [1.0]})])

    assert '[{"score":0.5}]' == found["gen_ai.retrieval.documents"]


def test_the_texts_of_documents_with_scores_are_found() -> None:
    assert ["private", ""] == document_texts([(TEXT, 0.75), ()])


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"num_added": 2, "num_updated": 0, "num_skipped": 1, "num_deleted": None},
            {
                "langspan.indexing.added_count": 2,
                "langspan.indexing.updated_count": 0,
                "langspan.indexing.skipped_count": 1,
            },
        ),
        ({}, {}),
        (None, {}),
        ([1], {}),
    ],
    ids=["counts", "empty", "none", "a list"],
)
def test_the_counts_of_an_indexing(result: Any, expected: dict[str, int]) -> None:
    assert expected == indexing_end(result)
