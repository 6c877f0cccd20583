"""Batches: the runs that LangChain starts for many inputs at once, each with the ids of its own config.

A sequence, fallbacks and retries start one run for each input before anything else, and in their order. None
of these passes through a context of its own, where the config would be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables.base import Runnable, RunnableSequence
from langchain_core.runnables.fallbacks import RunnableWithFallbacks
from opentelemetry.context import Context

from langspan._events import Call, CallbackType
from langspan._guard import Guard
from langspan.context.carried import context_with
from langspan.context.scope import Scope, ScopedRun
from langspan.kinds.conversations import WHO, conversation_id, user_id
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.wrappers import MakeScope, awaiting, calling


class BatchScope(Scope):
    """The scope of a call that starts one run for each of its inputs.

    Args:
        guard: The error boundary.
        calls: The call of each run, in the order of their starts.
    """

    __slots__ = ("_calls",)

    def __init__(self, guard: Guard, calls: Iterator[Call]) -> None:
        super().__init__(guard, CallbackType.CHAIN, call=next(calls))
        self._calls = calls

    def started(self, run: ScopedRun) -> None:
        """Register the run of one input; what starts after the last of them lies inside."""
        super().started(run)
        self.call = next(self._calls, None)
        if self.call is None:
            self.callback = None


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch the runnables that start the runs of a batch by themselves."""
    for owner, tries_in_turn in ((RunnableSequence, False), (RunnableWithFallbacks, True)):
        make = _scope_of(guard, 0, tries_in_turn=tries_in_turn)
        ledger.wrap(owner, "batch", calling(guard, make))
        ledger.wrap(owner, "abatch", awaiting(guard, make))
    ledger.wrap(Runnable, "_batch_with_config", calling(guard, _scope_of(guard, 1)))
    ledger.wrap(Runnable, "_abatch_with_config", awaiting(guard, _scope_of(guard, 1)))


def _scope_of(guard: Guard, inputs_at: int, *, tries_in_turn: bool = False) -> MakeScope:
    """Return a function that makes a scope for a batch whose configs name somebody, or with fallbacks.

    Args:
        guard: The error boundary.
        inputs_at: The position of the inputs; the config follows.
        tries_in_turn: The runs directly below each are alternatives, see `Call`.
    """

    def make(instance: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Scope | None:
        inputs = args[inputs_at] if len(args) > inputs_at else kwargs.get("inputs")
        config = args[inputs_at + 1] if len(args) > inputs_at + 1 else kwargs.get("config")
        if type(inputs) is not list or not inputs or (config is None and not tries_in_turn):
            return None
        configs = [config] * len(inputs) if config is None or type(config) is dict else _plain(config)
        if len(configs) != len(inputs):
            return None
        if not tries_in_turn and not any(_configurable(each) for each in configs):
            return None
        return BatchScope(guard, (Call(instance, {}, False, each, tries_in_turn) for each in configs))

    return make


def _plain(configs: Any) -> Sequence[Any]:
    """The configs of a batch that has one for each input; none of what is no plain sequence."""
    return configs if type(configs) in (list, tuple) else ()


def _configurable(config: Any) -> Mapping[str, Any] | None:
    """Return `configurable` of a config if it names a conversation or a user."""
    found = config.get("configurable") if type(config) is dict else None
    return found if type(found) is dict and not WHO.isdisjoint(found) else None


def context_of_configs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
    """The context that hands the conversation and user of a completion model's batch on to its runs.

    None if its configs do not agree on them: one call of the model serves all the prompts.
    """
    config = args[1] if len(args) > 1 else kwargs.get("config")
    configs = [config] if type(config) is dict else _plain(config)
    found = [_configurable(each) or {} for each in configs]
    if not found or len({(conversation_id(each), user_id(each)) for each in found}) > 1 or not found[0]:
        return None
    return context_with(found[0])
