"""Document compressors: LangChain has no callbacks for them, so the calls themselves are recorded.

An asynchronous call that runs the synchronous method of the same compressor has one span.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any
from uuid import UUID

from langspan._events import Started
from langspan._guard import Guard
from langspan.kinds.compressors import COMPRESSION, COMPRESSOR
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, argument, call_started, is_call_of
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.subclasses import wrap_tree


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the methods of `BaseDocumentCompressor`, and every override of them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langchain_core.documents.compressor`.
    """
    recorder = handler.recorder
    calls = CallRecorder(ledger, guard, recorder, COMPRESSION)

    def describe(
        run_id: UUID, compressor: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Started | None:
        if is_call_of(recorder.innermost(), COMPRESSOR, compressor, (COMPRESSION,)):
            return None
        documents = argument(args, kwargs, 0, "documents")
        query = argument(args, kwargs, 1, "query")
        return call_started(run_id, documents, query=query, **{COMPRESSOR: compressor})

    wrappers = {
        "compress_documents": calls.calling(describe),
        "acompress_documents": calls.awaiting(describe),
    }
    wrap_tree(ledger, guard, module.BaseDocumentCompressor, wrappers)
