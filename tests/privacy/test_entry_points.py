"""The canaries go everywhere: no public method that runs something, and no event, is left out."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.load.serializable import Serializable
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore
from langgraph.pregel import Pregel
from pydantic import BaseModel

from langspan.langchain.handler import RecordingHandler
from privacy.judge import observe
from privacy.subjects import SUBJECTS
from support import ways
from support.capabilities import BETA, GRAPH_CALLBACKS, OLD_STREAMS

pytestmark = [OLD_STREAMS, BETA]

FAMILIES: dict[type, Any] = {
    Runnable: ways.RUNNABLE,
    BaseChatModel: ways.STREAMING_CHAT,
    BaseLLM: ways.LLM,
    BaseTool: ways.TOOL,
    BaseRetriever: ways.RETRIEVER,
    Embeddings: ways.EMBEDDINGS,
    VectorStore: ways.VECTOR_STORE,
    BaseDocumentCompressor: ways.COMPRESSOR,
    Pregel: {**ways.GRAPH, **ways.GRAPH_STATE},
}
# Only where a class has an implementation of its own; what it inherits raises NotImplementedError.
NEWEST_STREAMS = {"stream_events"}


def methods(cls: type) -> set[str]:
    """Public methods that are neither pydantic's nor ways to build or describe the object."""
    plumbing = set(dir(BaseModel)) | (set(vars(Serializable)) if issubclass(cls, Serializable) else set())
    names = {name for name, _ in inspect.getmembers(cls, inspect.isroutine) if not name.startswith("_")}
    return names - plumbing - ways.MAKERS - ways.DESCRIBERS


@pytest.mark.parametrize("cls", FAMILIES, ids=lambda cls: cls.__name__)
def test_every_public_method_is_run_or_known_to_run_nothing(cls: type) -> None:
    """A method that a new version adds is either a way to run, or belongs in one of the lists."""
    covered = {name.partition(" ")[0] for name in FAMILIES[cls]}
    assert set() == methods(cls) - covered - NEWEST_STREAMS


@pytest.mark.parametrize("cls", FAMILIES, ids=lambda cls: cls.__name__)
def test_every_way_is_taken_by_some_subject(cls: type) -> None:
    assert any(set(FAMILIES[cls]) & set(subject.ways) for subject in SUBJECTS)
    assert set(FAMILIES[cls]) <= {way for subject in SUBJECTS for way in subject.ways}


def test_every_event_of_the_handler_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    events = {name for name in dir(RecordingHandler) if name.startswith("on_")}
    heard: set[str] = set()

    def listening(name: str, original: Any) -> Any:
        def listen(*args: Any, **kwargs: Any) -> Any:
            heard.add(name)
            return original(*args, **kwargs)

        return listen

    for name in events:
        monkeypatch.setattr(RecordingHandler, name, listening(name, getattr(RecordingHandler, name)))
    for subject in SUBJECTS:
        for way in {"invoke", "stream", "stream_events", "update_state"} & set(subject.ways):
            observe(subject, way)
    unheard_of = set() if GRAPH_CALLBACKS.there else {"on_interrupt", "on_resume", "on_stream_event"}
    assert unheard_of == events - heard
