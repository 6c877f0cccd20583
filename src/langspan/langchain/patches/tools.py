"""Tools: their runs always end. LangChain creates the context of their body (see `runnables`)."""

from __future__ import annotations

from langchain_core.tools import BaseTool

from langspan._events import CallbackType
from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.langchain.patches.wrappers import awaiting, calling, recorded_call_scope


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch `BaseTool.run` and `arun`, and every override of them."""
    scope = recorded_call_scope(guard, CallbackType.TOOL)
    wrappers = {"run": calling(guard, scope), "arun": awaiting(guard, scope)}
    wrap_tree(ledger, guard, BaseTool, wrappers)
