"""Retrievers: LangChain gives their body no context of its own, so the whole call is wrapped."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever

from langspan._events import CallbackType
from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.langchain.patches.wrappers import awaiting, calling, recorded_call_scope


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch `BaseRetriever.invoke` and `ainvoke`, and every override of them."""
    scope = recorded_call_scope(guard, CallbackType.RETRIEVER, attach_on_start=True, config_at=1)
    wrappers = {"invoke": calling(guard, scope), "ainvoke": awaiting(guard, scope)}
    wrap_tree(ledger, guard, BaseRetriever, wrappers)
