"""Runs of other types that LangChain reports as chains."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable

QUESTION = {"state": "Is this spam?", "questions": {"spam": {"kind": "noul"}}}
"""What a decision model is asked."""


class Typed(Runnable[Any, Any]):
    """Tells LangChain its own type of run, as packages outside of it do."""

    def __init__(self, run_type: str, result: Any) -> None:
        self.run_type, self.result = run_type, result

    def invoke(self, input: Any, config: Any = None, **_: Any) -> Any:  # noqa: A002 - LangChain calls it so
        return self._call_with_config(lambda _: self.result, input, config, run_type=self.run_type)
