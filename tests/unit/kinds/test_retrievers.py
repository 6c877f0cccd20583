"""Retriever runs."""

from __future__ import annotations

import json

import pytest
from langchain_core.documents import Document

from langspan.kinds.retrievers import document_texts, retriever_end, retriever_start

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
        "langchain.vector_store": "InMemoryVectorStore",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
    } == retriever_start(metadata)


def test_a_plain_retriever_has_no_attributes():
    assert {} == retriever_start(None)


def test_an_unknown_embedding_class_gives_no_provider():
    metadata = {"ls_retriever_name": "r", "ls_embedding_provider": "DeterministicFakeEmbedding"}
    assert {} == retriever_start(metadata)


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
def test_a_result_that_is_not_a_list_has_no_attributes(documents):
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


# -- the requested number of documents


class Lazy:
    """Fields that are not a mapping."""

    k = 4


TOP_K = [
    pytest.param({"search_kwargs": {"k": 4}}, {}, 4, id="a vector store's retriever"),
    pytest.param({"k": 4}, {}, 4, id="a field k"),
    pytest.param({"top_k": 4}, {}, 4, id="a field top_k"),
    pytest.param({"top_k_results": 4}, {}, 4, id="as search APIs spell it"),
    pytest.param({"number_of_results": 4}, {}, 4, id="as a search service spells it"),
    pytest.param({"search_kwargs": {"k": 4}}, {"k": 7}, 7, id="the call takes precedence"),
    pytest.param(
        {"k": 4, "search_kwargs": {"k": 7}}, {}, 7, id="search arguments take precedence over fields"
    ),
    pytest.param({"search_kwargs": {"k": 4}}, {"k": None}, 4, id="None in the call is ignored"),
    pytest.param({"search_kwargs": {"k": "many"}, "k": 4}, {}, 4, id="an invalid count is skipped"),
    pytest.param({"search_kwargs": {"score_threshold": 0.5}}, {}, None, id="not set"),
    pytest.param({"search_kwargs": {}}, {"filter": {"k": 3}}, None, id="a filter's k is ignored"),
    pytest.param({"k": True}, {}, None, id="bool is not a count"),
    pytest.param({"k": -1}, {}, None, id="negative is not a count"),
    pytest.param({"k": 2.5}, {}, None, id="a fraction is not a count"),
    pytest.param({"search_kwargs": None}, {}, None, id="no search arguments"),
    pytest.param({"search_kwargs": [("k", 4)]}, {}, None, id="malformed search arguments"),
    pytest.param(None, None, None, id="an unobserved call"),
    pytest.param(Lazy(), Lazy(), None, id="no mappings"),
]


@pytest.mark.parametrize(("fields", "arguments", "expected"), TOP_K)
def test_top_k(fields, arguments, expected):
    found = retriever_start(None, fields=fields, arguments=arguments)
    assert expected == found.get("gen_ai.retrieval.top_k")


def test_nothing_else_is_read_from_fields_and_arguments():
    fields = {"k": 4, "search_kwargs": {"filter": "private"}, "api_key": "private", "tags": ["private"]}
    assert {"gen_ai.retrieval.top_k": 4} == retriever_start(
        None, fields=fields, arguments={"filter": "private"}
    )


class Careless(dict):
    """A mapping that fails if it is changed, or if anything but the counts is read."""

    def __setitem__(self, key, value):
        raise AssertionError


def test_the_applications_objects_are_not_changed():
    fields = Careless(search_kwargs=Careless(k=4))
    retriever_start(None, fields=fields, arguments=Careless(filter=1))
    assert {"search_kwargs": {"k": 4}} == fields


def test_an_iterator_of_documents_is_not_consumed():
    documents = iter([Document("a")])
    assert [] == document_texts(documents)
    assert [Document("a")] == list(documents)
