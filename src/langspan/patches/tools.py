"""Tools: LangChain makes their body's context (see `runnables`); here they are kept from staying open."""

from __future__ import annotations

from langchain_core.tools import BaseTool

from langspan._events import Category
from langspan._guard import Guard
from langspan.patches.ledger import Ledger
from langspan.patches.subclasses import wrap_tree
from langspan.patches.wrappers import around_seen_call, awaiting, calling


def install(ledger: Ledger, guard: Guard) -> None:
    """Patch ``BaseTool.run`` and ``arun``, and every override of them."""
    scope = around_seen_call(guard, Category.TOOL)
    wrappers = {"run": calling(guard, scope), "arun": awaiting(guard, scope)}
    wrap_tree(ledger, guard, BaseTool, wrappers, feature="a cancelled tool may stay open until it is evicted")
