"""Retriever runs."""

from __future__ import annotations

import json

import pytest
from langchain_core.documents import Document

from langspan.conventions.retrieval import document_texts, retriever_end, retriever_start

DOCUMENTS = "gen_ai.retrieval.documents"
COUNT = "langspan.retrieval.document_count"


def test_a_vector_store_retriever():
    metadata = {
        "ls_retriever_name": "vectorstore",
        "ls_vector_store_provider": "InMemoryVectorStore",
        "ls_embedding_provider": "OpenAIEmbeddings",
        "ls_embedding_model": "text-embedding-3-small",
    }
    assert {
        "langchain.retriever.name": "vectorstore",
        "langchain.vector_store": "InMemoryVectorStore",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
    } == retriever_start(metadata=metadata)


def test_a_plain_retriever_has_its_name_only():
    assert {"langchain.retriever.name": "Mine"} == retriever_start(
        serialized=None, metadata=None, name="Mine"
    )


def test_an_unknown_embedding_class_gives_no_provider():
    metadata = {"ls_retriever_name": "r", "ls_embedding_provider": "DeterministicFakeEmbedding"}
    assert {"langchain.retriever.name": "r"} == retriever_start(metadata=metadata)


def test_ids_and_scores_without_text():
    documents = [
        Document("private", id="a", metadata={"score": 0.5, "source": "private"}),
        Document("private", id="b", metadata={"relevance_score": 1}),
        Document("private", metadata={"score": float("nan")}),
    ]
    found = retriever_end(documents)
    assert (3, [{"id": "a", "score": 0.5}, {"id": "b", "score": 1.0}]) == (
        found[COUNT],
        json.loads(found[DOCUMENTS]),
    )


def test_documents_without_ids_are_only_counted():
    assert {COUNT: 2} == retriever_end([Document("x"), Document("y")])


def test_no_documents_is_a_result():
    assert {COUNT: 0} == retriever_end([])


@pytest.mark.parametrize("documents", [None, "text", 3], ids=repr)
def test_what_is_no_list_says_nothing(documents):
    assert {} == retriever_end(documents)


def test_malformed_documents_are_only_counted():
    assert {COUNT: 3} == retriever_end([None, "x", Document("x", metadata={"score": "high"})])


def test_the_list_of_ids_is_bounded():
    found = retriever_end([Document("x", id=str(number)) for number in range(250)])
    assert (250, 100) == (found[COUNT], len(json.loads(found[DOCUMENTS])))


def test_a_lone_surrogate_in_an_id_is_repaired():
    assert '[{"id":"日\ufffd"}]' == retriever_end([Document("x", id="日\ud800")])[DOCUMENTS]


def test_texts_in_order():
    assert ["a", "", "b"] == document_texts([Document("a"), None, Document("b")])


def test_texts_of_nothing():
    assert [] == document_texts(None)
