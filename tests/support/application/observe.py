"""All that an application can see of what it does."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, NamedTuple

from langchain_core.callbacks import BaseCallbackHandler

Scenario = Callable[[Any], Any]
"""Takes a configuration; returns or awaits a value, or a stream of them."""


class Seen(NamedTuple):
    """What an application saw.

    Attributes:
        items: What it got, item by item.
        raised: What was raised at it.
        told: What its own handler was told; sorted, for threads have no order.
    """

    items: list[str]
    raised: str | None
    told: list[str]


class Listener(BaseCallbackHandler):
    """A handler of the application's own; on asynchronous paths LangChain calls it in a thread."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_"):
            return lambda *_args, **_kwargs: self.told.append(name)
        return super().__getattribute__(name)


async def observe(scenario: Scenario) -> Seen:
    """Carry out a scenario and collect what can be seen of it."""
    listener = Listener()
    items: list[str] = []
    raised = None
    try:
        # Old versions of LangGraph write into the caller's metadata.
        await _collect(scenario({"callbacks": [listener], **copy.deepcopy(CONFIG)}), items)
    except BaseException as error:
        raised = _shown(error)
    await _settle()
    return Seen(items, raised, sorted(listener.told))


CONFIG: dict[str, Any] = {"tags": ["shop"], "metadata": {"session_id": "s1", "region": "north"}}


async def _settle() -> None:
    """Wait for what outlives a call: ends told in the loop's next turn, producers of streams."""
    await asyncio.sleep(0)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def _collect(result: Any, items: list[str]) -> None:
    if isinstance(result, Iterator):
        for item in result:
            items.append(_shown(item))
    elif isinstance(result, AsyncIterator):
        async for item in result:
            items.append(_shown(item))
    else:
        items.append(_shown(await result if isinstance(result, Coroutine) else result))


def _shown(value: Any) -> str:
    """The value and its type, without what differs from run to run."""
    text = re.sub(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", "<id>", repr(value))
    return f"{type(value).__qualname__} {re.sub(r'0x[0-9a-f]+', '<address>', text)}"
