"""langchain-community: a retriever of its own, in a chain that answers from it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from support.drawing import drawn, written
from support.ecosystem import Counting, ainvoke, check_counted, invoke, needed
from support.models import ScriptedEmbeddings, StreamingChat
from support.recording import Recording

# The package says of itself that it is no longer kept up.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
retrievers = needed("langchain_community.retrievers")

TEXTS = ["Tea is hot.", "Ice is cold."]


def knn() -> Any:
    return retrievers.KNNRetriever.from_texts(TEXTS, ScriptedEmbeddings(), k=1)


@pytest.mark.parametrize("way", [invoke, ainvoke])
def test_a_chain_with_a_retriever_is_the_same_tree(way: Any, traced: Recording) -> None:
    model = StreamingChat(answers=["Hot."], model_name="m")
    asked: Any = RunnableLambda(lambda found: found[0].page_content, name="text")
    chain = (knn() | asked | model).with_config(run_name="answer")
    traced.clear()
    counting = Counting()

    way(chain, "Is tea hot?", {"callbacks": [counting]})

    assert drawn(traced.spans) == written("""
        answer
          retrieval KNNRetriever
            embeddings scripted-1
          text
          chat m
    """)
    check_counted(counting, traced)
