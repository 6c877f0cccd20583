"""Embeddings: LangChain has no callbacks for them, so the calls themselves are recorded.

Each call by the application, a vector store or a retriever has one span. Nested calls on the same object (a
query embedded as a document, `super()`, an asynchronous method that runs the synchronous one) belong to the
first call. A call on another object, such as the one that a cache wraps, has a child span.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from langchain_core.embeddings import Embeddings
from opentelemetry.context import Context

from langspan._events import Started
from langspan._guard import Guard
from langspan.context.drivers import arun_in_context, run_in_context
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

# The methods, and whether they take many texts or one.
_SYNC: Final = {"embed_documents": True, "embed_query": False}
_ASYNC: Final = {"aembed_documents": True, "aembed_query": False}

Begin = Callable[[UUID, Any, tuple[Any, ...], dict[str, Any]], Context | None]


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Patch the methods of `Embeddings`, and every override of them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
    """
    recorder = handler.recorder
    wrappers = {
        **{
            name: _calling(guard, recorder, _beginning(ledger, recorder, many), many)
            for name, many in _SYNC.items()
        },
        **{
            name: _awaiting(guard, recorder, _beginning(ledger, recorder, many), many)
            for name, many in _ASYNC.items()
        },
    }
    wrap_tree(ledger, guard, Embeddings, wrappers)


def _beginning(ledger: Ledger, recorder: Recorder, many: bool) -> Begin:
    """Return a function that starts a run for a call, unless the call belongs to an open one."""

    def begin(run_id: UUID, embeddings: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Context | None:
        if ledger.closed or not isinstance(embeddings, Embeddings):
            return None
        if _is_call_of(recorder.innermost(), embeddings):
            return None
        texts = args[0] if args else kwargs.get("texts" if many else "text")
        recorder.start(
            Started(
                callback=None,
                run_id=run_id,
                parent_run_id=None,
                name=None,
                serialized=None,
                tags=None,
                metadata=None,
                payload=texts if many else (texts,),
                extra={"embeddings": embeddings},
            ),
            EMBEDDINGS,
        )
        run = recorder.run(run_id)
        return None if run is None else run.context

    return begin


def _is_call_of(run: Run | None, embeddings: Any) -> bool:
    """Return whether a run is an open call on that very object."""
    if run is None or run.kind is not EMBEDDINGS or run.event is None:
        return False
    return run.event.extra["embeddings"] is embeddings


def _calling(guard: Guard, recorder: Recorder, begin: Begin, many: bool) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        run_id = uuid4()
        context = guard.call(begin, run_id, instance, args, kwargs)
        try:
            result = (
                wrapped(*args, **kwargs)
                if context is None
                else run_in_context(context, wrapped, *args, **kwargs)
            )
        except BaseException as error:
            recorder.fail(run_id, error)
            raise
        recorder.end(run_id, result if many else (result,))
        return result

    return wrapper


def _awaiting(guard: Guard, recorder: Recorder, begin: Begin, many: bool) -> Wrapper:
    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        run_id = uuid4()
        context = guard.call(begin, run_id, instance, args, kwargs)
        try:
            if context is None:
                result = await wrapped(*args, **kwargs)
            else:
                result = await arun_in_context(context, wrapped, *args, **kwargs)
        except BaseException as error:
            recorder.fail(run_id, error)
            raise
        recorder.end(run_id, result if many else (result,))
        return result

    return wrapper
