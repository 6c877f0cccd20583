"""Every place of LangChain's and LangGraph's that can hold a value, by name: one real run for each.

A function gets the value and returns what the application got; or raises it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from values import model_fields, other_fields, run_fields

FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    **run_fields.FIELDS,
    **model_fields.FIELDS,
    **other_fields.FIELDS,
}
# Here LangChain itself makes a text of the value, as `str` and `repr` have it.
WRITTEN_OUT: Final = frozenset(
    {
        "input of a tool",
        "artifact",
        "message of a tool",
        "result in a tool node",
        "variable",
        "variable of a chat",
        "partial",
    }
)
