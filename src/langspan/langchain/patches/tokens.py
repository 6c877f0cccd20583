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
        recorder = handlers[0].recorder
        run = recorder.run(manager.run_id)
        if run is not None and (run.first_chunk is None or recorder.measures_chunks):
            recorder.chunk(manager.run_id, token, chunk)
        return True

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            if deliver_directly(instance, *args, **kwargs):
                return _nothing_to_await()
        except Exception as error:  # noqa: BLE001 - LangChain's own dispatch remains
            guard.failed(deliver_directly, error)
        return wrapped(*args, **kwargs)

    return wrapper


async def _nothing_to_await() -> None:
    """Return at once: the caller awaits the event, which has already been delivered."""
