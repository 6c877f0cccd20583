"""Document compressors: what a call's span says, and that nothing about a compressor changes."""

from __future__ import annotations

import asyncio
import inspect
import json
import types
from typing import Any

import pytest
import wrapt
from langchain_core.documents import Document
from langchain_core.documents.compressor import BaseDocumentCompressor
from pydantic import BaseModel

from support.recording import Recording, instrumented
from support.stores import AsyncCompressor, ScriptedCompressor

DOCUMENTS = [Document("a", id="1", metadata={"relevance_score": 0.25}), Document("b"), Document("c", id="3")]
METHODS = ("compress_documents", "acompress_documents")


def call(compressor: Any, method: str) -> Any:
    result = getattr(compressor, method)(DOCUMENTS, "late parcel")
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


def told(recording: Recording) -> dict[str, Any]:
    (span,) = recording.spans
    attributes = dict(span.attributes or {})
    del attributes["langchain.run.id"]
    return attributes


class CrossEncoder(BaseModel):
    model_name: str = "BAAI/bge-reranker-base"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cls", [ScriptedCompressor, AsyncCompressor])
def test_a_call_tells_its_compressor_its_model_and_how_many_documents(
    cls: Any, method: str, traced: Recording
) -> None:
    assert DOCUMENTS[:0:-1] == call(cls(), method)

    assert {
        "langchain.compressor.name": cls.__name__,
        "langchain.compressor.model": "rerank-1",
        "langspan.compression.top_n": 2,
        "langspan.compression.input_count": 3,
        "langspan.compression.output_count": 2,
        "langspan.compression.documents": '[{"id":"3"}]',
    } == told(traced)


def test_scores_in_the_metadata_are_told(traced: Recording) -> None:
    call(ScriptedCompressor(top_n=None), "compress_documents")

    known = json.loads(told(traced)["langspan.compression.documents"])
    assert [{"id": "3"}, {"id": "1", "score": 0.25}] == known


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CrossEncoder(), "BAAI/bge-reranker-base"),
        (None, None),
        (object(), None),
        ("https://u:p@host/m", None),
    ],
    ids=["a cross-encoder", "none", "something else", "an address with a password"],
)
def test_the_model_is_found_where_it_is_stored(model: Any, expected: str | None, traced: Recording) -> None:
    call(ScriptedCompressor(model=model), "compress_documents")

    assert expected == told(traced).get("langchain.compressor.model")


def test_with_content_the_query_and_the_texts_are_told(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        call(ScriptedCompressor(), "compress_documents")

    found = told(recording)
    assert ("late parcel", '["c","b"]') == (
        found["langspan.compression.query.text"],
        found["langspan.compression.document_texts"],
    )


def test_documents_and_query_may_be_given_by_their_names(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        ScriptedCompressor().compress_documents(documents=DOCUMENTS, query="q")

    found = told(recording)
    assert (3, "q") == (
        found["langspan.compression.input_count"],
        found["langspan.compression.query.text"],
    )


def test_a_class_that_is_defined_later_is_recorded_until_tracing_ends(recording: Recording) -> None:
    with instrumented(recording):

        class Late(BaseDocumentCompressor):
            threshold: float = 0.5

            def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
                return documents

        assert isinstance(vars(Late)["compress_documents"], wrapt.FunctionWrapper)
        asyncio.run(Late().acompress_documents(DOCUMENTS, "q"))
    call(Late(), "compress_documents")

    assert ["compress_documents Late"] == recording.paths()
    assert ["threshold"] == list(Late.model_fields)
    assert isinstance(vars(Late)["compress_documents"], types.FunctionType)


@pytest.mark.parametrize("method", METHODS)
def test_a_pipeline_still_sees_which_parameters_a_compressor_takes(method: str, recording: Recording) -> None:
    before = inspect.signature(getattr(ScriptedCompressor(), method))
    with instrumented(recording):
        now = inspect.signature(getattr(ScriptedCompressor(), method))

    assert before == now
    assert "callbacks" in now.parameters


def test_every_method_is_the_original_again(recording: Recording) -> None:
    classes = (BaseDocumentCompressor, ScriptedCompressor, AsyncCompressor)
    before = [vars(cls).get(method) for cls in classes for method in METHODS]
    with instrumented(recording):
        pass

    assert before == [vars(cls).get(method) for cls in classes for method in METHODS]
    assert "__init_subclass__" not in vars(BaseDocumentCompressor)
