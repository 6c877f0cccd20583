"""Streamed tokens: told to our handler without LangChain's dispatch, where nobody else listens.

The dispatch of an asynchronous event costs many times what is done with a token after the first one.
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
    def is_told(manager: Any, token: Any, *, chunk: Any = None, **_kwargs: Any) -> bool:
        handlers = manager.handlers
        if len(handlers) != 1 or not isinstance(handlers[0], RecordingHandler) or handlers[0].ignore_llm:
            return False
        handlers[0].on_llm_new_token(token, chunk=chunk, run_id=manager.run_id)
        return True

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if guard.call(is_told, instance, *args, **kwargs):
            return _told()
        return wrapped(*args, **kwargs)

    return wrapper


async def _told() -> None:
    """What a coroutine that has nothing left to do looks like to whoever awaits it."""
