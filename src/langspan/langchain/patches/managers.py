"""Chains whose start or end event another handler interrupts: their runs end all the same.

LangChain passes each event to one handler after another. If a handler's failure propagates, or the caller
is cancelled while a slow handler receives a start event, the event is cut short, and a run that has already
started never ends. Models, tools and retrievers need no patch here, because a scope wraps their calls.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.callbacks import manager as callback_manager

from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.hooks import run_id_factory
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.lookup import run_of

_new_id: Final = run_id_factory()
# The position of the run id among the arguments of `on_chain_start`.
_RUN_ID: Final = 2


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch the events of chains in LangChain's callback managers."""
    ledger.wrap(callback_manager.CallbackManager, "on_chain_start", _starting(guard))
    ledger.wrap(callback_manager.AsyncCallbackManager, "on_chain_start", _astarting(guard))
    for name in ("on_chain_end", "on_chain_error"):
        ledger.wrap(callback_manager.CallbackManagerForChainRun, name, _ending(guard))
        ledger.wrap(callback_manager.AsyncCallbackManagerForChainRun, name, _aending(guard))


def _starting(guard: Guard) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        run_id = None
        try:
            run_id = _known_id(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's run starts all the same
            guard.failed(_known_id, error)
        try:
            return wrapped(*args, **kwargs)
        except BaseException as error:
            guard.call(_abandon, instance, run_id, error)
            raise

    return wrapper


def _astarting(guard: Guard) -> Wrapper:
    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        run_id = None
        try:
            run_id = _known_id(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's run starts all the same
            guard.failed(_known_id, error)
        try:
            return await wrapped(*args, **kwargs)
        except BaseException as error:
            guard.call(_abandon, instance, run_id, error)
            raise

    return wrapper


def _ending(guard: Guard) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return wrapped(*args, **kwargs)
        except BaseException as error:
            guard.call(_abandon, instance, instance.run_id, error)
            raise

    return wrapper


def _aending(guard: Guard) -> Wrapper:
    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        # A cancelled caller stops waiting for the event, but LangChain shields the event itself.
        except Exception as error:
            guard.call(_abandon, instance, instance.run_id, error)
            raise

    return wrapper


def _known_id(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the id of the run that is about to start, generating it as LangChain does if it is missing."""
    if len(args) > _RUN_ID:
        return args[_RUN_ID]
    if kwargs.get("run_id") is None:
        kwargs["run_id"] = _new_id()
    return kwargs["run_id"]


def _abandon(manager: Any, run_id: Any, error: BaseException) -> None:
    run = run_of(manager, run_id)
    if run is not None:
        run.abandon(error)
