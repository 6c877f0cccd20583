"""Retrievers: LangChain gives their body no context of its own, so the whole call is stood around."""

from __future__ import annotations

from langchain_core.retrievers import BaseRetriever

from langspan._events import Category
from langspan._guard import Guard
from langspan.patches.ledger import Ledger
from langspan.patches.subclasses import wrap_tree
from langspan.patches.wrappers import around_seen_call, awaiting, calling


def install(ledger: Ledger, guard: Guard) -> None:
    """Patch ``BaseRetriever.invoke`` and ``ainvoke``, and every override of them."""
    scope = around_seen_call(guard, Category.RETRIEVER, enters=True)
    wrappers = {"invoke": calling(guard, scope), "ainvoke": awaiting(guard, scope)}
    wrap_tree(
        ledger, guard, BaseRetriever, wrappers, feature="spans made inside retrievers do not nest under them"
    )
