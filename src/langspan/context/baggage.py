"""What `langspan.context` gives, as W3C baggage: how it leaves a process, and how another one reads it.

An entry has the name of the attribute that it becomes. What arrives may be from anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from opentelemetry import baggage
from opentelemetry.context import Context

from langspan._events import Given
from langspan._values import as_str
from langspan.conventions import names

# What W3C allows in a name; older propagators write names as they are.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def entries(given: Given) -> Mapping[str, str]:
    """Return the baggage that says what a block gives.

    Args:
        given: What it gives.

    Raises:
        ValueError: A piece of the metadata cannot be sent; the message names the key and the fix.
    """
    found = {
        names.GEN_AI_CONVERSATION_ID: given.conversation,
        names.USER_ID: given.user,
        names.SESSION_ID: given.session,
        names.LANGCHAIN_TAGS: ",".join(quote(tag, safe="") for tag in given.tags),
    }
    for key, value in given.metadata.items():
        if not _NAME.fullmatch(key):
            raise ValueError(
                f"the metadata key {key!r} cannot be baggage; use letters, digits, '_', '-', '.'"
            )
        if not isinstance(value, str | int | float):
            kind = type(value).__name__
            raise ValueError(  # noqa: TRY004 - the type is right, but not to be sent
                f"metadata[{key!r}] is of type {kind}; baggage takes strings and numbers only"
            )
        found[names.LANGCHAIN_METADATA_PREFIX + key] = str(value)
    return {name: value for name, value in found.items() if value}


def with_entries(headers: Mapping[str, str], context: Context) -> Context:
    """Return a context with baggage added to what it has."""
    for name, value in headers.items():
        context = baggage.set_baggage(name, value, context)
    return context


def given_in(context: Context) -> Given | None:
    """Return what the baggage in a context gives, if it gives anything."""
    found = baggage.get_all(context)
    if not found:
        return None
    prefix = names.LANGCHAIN_METADATA_PREFIX
    given = Given(
        as_str(found.get(names.GEN_AI_CONVERSATION_ID)),
        as_str(found.get(names.USER_ID)),
        as_str(found.get(names.SESSION_ID)),
        _tags(found.get(names.LANGCHAIN_TAGS)),
        {name[len(prefix) :]: value for name, value in found.items() if name.startswith(prefix)},
    )
    return None if given == Given() else given


def _tags(value: Any) -> tuple[str, ...]:
    text = as_str(value)
    return () if text is None else tuple(unquote(tag) for tag in text.split(",") if tag)
