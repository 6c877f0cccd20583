"""Chains, steps, tools and everything else that LangChain runs in a context of its own.

Source: `langchain_core.runnables.config._set_config_context`. LangChain calls it in a copied context that it
discards after the body, with a config that names the run whose body comes next.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import manager as callback_manager
from langchain_core.runnables import config as runnable_config
from langchain_core.runnables.fallbacks import RunnableWithFallbacks

from langspan._events import CallbackType
from langspan._guard import Guard
from langspan.context.scope import enter
from langspan.kinds.conversations import USER_KEY, WHO
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.lookup import run_of
from langspan.langchain.patches.wrappers import awaiting, calling, driving, recorded_call_scope


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Patch langchain-core's runnables and callback managers.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler that LangChain's runs carry.
    """
    ledger.wrap(
        runnable_config,
        "_set_config_context",
        entering(guard, handler),
    )
    make = recorded_call_scope(guard, CallbackType.CHAIN, config_at=1, tries_in_turn=True)
    ledger.wrap(RunnableWithFallbacks, "invoke", calling(guard, make))
    ledger.wrap(RunnableWithFallbacks, "ainvoke", awaiting(guard, make))
    for name in ("stream", "astream"):
        ledger.wrap(RunnableWithFallbacks, name, driving(guard, make))
    managers = callback_manager.AsyncCallbackManager
    ledger.wrap(
        managers,
        "on_llm_start",
        _notify_non_inline(guard, vars(managers).get("on_llm_start")),
    )


def entering(guard: Guard, handler: RecordingHandler) -> Wrapper:
    """Return a wrapper that makes the run named by the config current in the context to be discarded.

    In an unsampled trace it also removes our handler from the runs below, because calling it costs the most.
    """

    def enter_body(config: Any) -> None:
        manager = config.get("callbacks")
        run = run_of(manager, getattr(manager, "parent_run_id", None))
        if run is not None:
            configurable = config.get("configurable")
            # Mostly all is known already, from the graph or the run around.
            if configurable and (
                not WHO.isdisjoint(configurable)
                if run.conversation is None or run.given is not None
                else USER_KEY in configurable
            ):
                run.owner.learn(run, configurable)
            enter(run.context)
            if run.is_unsampled and run.owner is handler.recorder:
                _take_out(handler, manager)

    def wrapper(
        wrapped: Callable[..., Any], _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        result = wrapped(*args, **kwargs)
        try:
            enter_body(args[0] if args else kwargs.get("config"))
        except Exception as error:  # noqa: BLE001 - the application's code runs all the same
            guard.failed(enter_body, error)
        return result

    return wrapper


def _take_out(handler: RecordingHandler, manager: Any) -> None:
    """Remove a handler from the manager that child runs inherit; the configure hook will not add it again."""
    manager.handlers = [each for each in manager.handlers if each is not handler]
    manager.inheritable_handlers = [each for each in manager.inheritable_handlers if each is not handler]


def _notify_non_inline(guard: Guard, original: Any) -> Wrapper:
    """Deliver `on_llm_start` to the handlers that LangChain skips because ours runs inline.

    `AsyncCallbackManager.on_llm_start` calls the other handlers only if there is no inline one. With the
    inline and the other handlers in two managers, none is skipped, and none is called twice once LangChain
    is fixed.

    Args:
        guard: The error boundary.
        original: The wrapped function, as the class defines it.
    """

    def plan(manager: Any, /, serialized: Any, prompts: Any, *_args: Any, **rest: Any) -> Any:
        handlers = manager.handlers
        inline = [handler for handler in handlers if handler.run_inline]
        if len(inline) == len(handlers) or not any(
            isinstance(handler, RecordingHandler) for handler in inline
        ):
            return None
        first, second = copy.copy(manager), copy.copy(manager)
        first.handlers = inline
        second.handlers = [handler for handler in handlers if not handler.run_inline]
        return first, second, serialized, prompts, rest

    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        planned = guard.call(plan, instance, *args, **kwargs)
        if planned is None:
            return await wrapped(*args, **kwargs)
        first, second, serialized, prompts, rest = planned
        run_managers = await original.__get__(first)(*args, **kwargs)
        for prompt, run_manager in zip(prompts, run_managers, strict=False):
            run_manager.handlers = instance.handlers
            notify_the_others = original.__get__(second)
            await notify_the_others(serialized, [prompt], **{**rest, "run_id": run_manager.run_id})
        return run_managers

    return wrapper
