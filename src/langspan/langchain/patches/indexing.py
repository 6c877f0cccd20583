"""Indexing: `langchain_core.indexing.index` and `aindex` send no callbacks, so their calls are recorded."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any
from uuid import UUID

from langspan._events import Started
from langspan._guard import Guard
from langspan.kinds.vector_stores import INDEXING, STORE
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, argument, call_started
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.method_wrappers import MethodWrapper


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch `index` and `aindex`, also under these names in modules that have imported them already.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langchain_core.indexing.api`.
    """
    calls = CallRecorder(ledger, guard, handler.recorder, INDEXING)
    for name, wrapper in {"index": calls.calling(_describe), "aindex": calls.awaiting(_describe)}.items():
        original = vars(module).get(name)
        ledger.wrap(module, name, wrapper)
        if original is not None:
            _replace_imported(ledger, name, original, vars(module)[name])


def _describe(run_id: UUID, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Started:
    store = argument(args, kwargs, 2, "vector_store")
    return call_started(run_id, None, cleanup=kwargs.get("cleanup"), **{STORE: store})


def _replace_imported(ledger: Ledger, name: str, original: Any, wrapped: Any) -> None:
    """Replace a function in modules that have imported it by its name: most do so before we are called."""
    for module in list(sys.modules.values()):
        # Modules of other types may load something, or run code, when they are looked at.
        held = vars(module).get(name) if type(module) is ModuleType else None
        if isinstance(held, MethodWrapper) and held is not wrapped:
            held = held.__wrapped__  # imported when it was patched before
        if held is original:
            ledger.replace(module, name, wrapped)
