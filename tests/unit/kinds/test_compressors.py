"""Document compressors: the attributes of a call; nothing of any other shape."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document

from langspan.kinds.compressors import compression_end, compression_start


class Compressor:
    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


MODEL = "langchain.compressor.model"
TOP_N = "langspan.compression.top_n"
ARN = "arn:aws:bedrock:us-west-2::foundation-model/amazon.rerank-v1:0"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "rerank-v3.5", "top_n": 3}, {MODEL: "rerank-v3.5", TOP_N: 3}),
        ({"model": None, "model_name": "ms-marco"}, {MODEL: "ms-marco"}),
        ({"model_arn": ARN}, {MODEL: ARN}),
        ({"model": Compressor(model_name="bge")}, {MODEL: "bge"}),
        ({"model": Compressor(size=3), "model_name": "n"}, {MODEL: "n"}),
        ({"top_n": None, "k": 20}, {TOP_N: 20}),
        ({"top_n": "3"}, {}),
        ({"model": ["m"]}, {}),
        ({}, {}),
    ],
    ids=["model", "name", "arn", "encoder", "no encoder", "k", "no number", "no model", "nothing"],
)
def test_what_a_compressor_stores(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expected == compression_start(Compressor(**fields), None)


def test_given_documents_are_counted_where_they_are_a_list() -> None:
    assert {"langspan.compression.input_count": 1} == compression_start(Compressor(), (Document("x"),))
    assert {} == compression_start(Compressor(), iter([Document("x")]))


def test_documents_that_are_left_are_counted_and_their_scores_told() -> None:
    assert {
        "langspan.compression.output_count": 2,
        "langspan.compression.documents": '[{"score":0.5}]',
    } == compression_end([Document("x", metadata={"relevance_score": 0.5}), Document("y")])


@pytest.mark.parametrize("documents", [None, "text", 3], ids=repr)
def test_what_is_no_list_of_documents_tells_nothing(documents: Any) -> None:
    assert {} == compression_end(documents)
