"""Streamed tokens: passed to our handler without LangChain's dispatch if there is no other handler.

Dispatching an asynchronous event costs many times as much as handling a token after the first one.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.callbacks.manager import AsyncCallbackManagerForLLMRun

from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper

_ON_TOKEN: Final = RecordingHandler.on_llm_new_token


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch the token event of asynchronous model runs."""
    ledger.wrap(AsyncCallbackManagerForLLMRun, "on_llm_new_token", _bypass_dispatch(guard))


def _bypass_dispatch(guard: Guard) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            handlers = instance.handlers
            # A subclass of ours may do more with a token.
            is_ours = len(handlers) == 1 and type(handlers[0]).on_llm_new_token is _ON_TOKEN
            if is_ours and not handlers[0].ignore_llm:
                recorder = handlers[0].recorder
                run = recorder.run(instance.run_id)
                if run is not None and (run.first_chunk is None or recorder.measures_chunks):
                    token = args[0] if args else kwargs.get("token")
                    recorder.chunk(instance.run_id, token, kwargs.get("chunk"))
                return _nothing_to_await()
        except Exception as error:  # noqa: BLE001 - LangChain's own dispatch remains
            guard.failed(wrapper, error)
        return wrapped(*args, **kwargs)

    return wrapper


async def _nothing_to_await() -> None:
    """Return at once: the caller awaits the event, which has already been delivered."""
