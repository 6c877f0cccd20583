"""Streamed tokens: passed to our handler without LangChain's dispatch if there is no other handler.

Dispatching an asynchronous event costs many times as much as handling a token after the first one.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks.manager import AsyncCallbackManagerForLLMRun

from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch the token event of asynchronous model runs."""
    ledger.wrap(AsyncCallbackManagerForLLMRun, "on_llm_new_token", _bypass_dispatch(guard))


def _bypass_dispatch(guard: Guard) -> Wrapper:
    def deliver_directly(manager: Any, token: Any, *, chunk: Any = None, **_kwargs: Any) -> bool:
        handlers = manager.handlers
        if len(handlers) != 1 or not isinstance(handlers[0], RecordingHandler) or handlers[0].ignore_llm:
            return False
        handlers[0].on_llm_new_token(token, chunk=chunk, run_id=manager.run_id)
        return True

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if guard.call(deliver_directly, instance, *args, **kwargs):
            return _nothing_to_await()
        return wrapped(*args, **kwargs)

    return wrapper


async def _nothing_to_await() -> None:
    """Return at once: the caller awaits the event, which has already been delivered."""
