"""Embeddings: LangChain has no callbacks for them, so the calls themselves are recorded.

Each call by the application, a vector store or a retriever has one span. Nested calls on the same object (a
query embedded as a document, `super()`, an asynchronous method that runs the synchronous one) belong to the
first call. A call on another object, such as the one that a cache wraps, has a child span.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from langchain_core.embeddings import Embeddings

from langspan._events import Started
from langspan._guard import Guard
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, call_started, is_call_of
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.recording.recorder import Recorder


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Patch the methods of `Embeddings`, and every override of them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
    """
    calls = CallRecorder(ledger, guard, handler.recorder, EMBEDDINGS)
    many = _describing(handler.recorder, "texts", many=True)
    one = _describing(handler.recorder, "text", many=False)
    wrappers = {
        "embed_documents": calls.calling(many),
        "embed_query": calls.calling(one, _alone),
        "aembed_documents": calls.awaiting(many),
        "aembed_query": calls.awaiting(one, _alone),
    }
    wrap_tree(ledger, guard, Embeddings, wrappers)


def _describing(recorder: Recorder, parameter: str, *, many: bool) -> Describe:
    """Return a function that describes a call, unless the call belongs to an open one."""

    def describe(
        run_id: UUID, embeddings: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Started | None:
        if not isinstance(embeddings, Embeddings) or is_call_of(
            recorder.innermost(), "embeddings", embeddings, (EMBEDDINGS,)
        ):
            return None
        texts = args[0] if args else kwargs.get(parameter)
        return call_started(run_id, texts if many else (texts,), embeddings=embeddings)

    return describe


def _alone(value: Any) -> tuple[Any]:
    return (value,)
