"""Chat and completion models: each call's span is current in the provider's code, and always ends.

The template methods of `BaseChatModel` and `BaseLLM`, which every subclass inherits, are wrapped. So are the
overrides in subclasses, whether these are defined before or later.

`_stream`, `_astream` and `bind_tools` are never wrapped, because LangChain compares them by identity to find
out what a model supports.
"""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.llms import BaseLLM

from langspan._events import CallbackType
from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.batches import context_of_configs
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.langchain.patches.wrappers import (
    awaiting,
    awaiting_inside,
    calling,
    calling_inside,
    context_of,
    context_of_config,
    driving,
    recorded_call_scope,
    stream_scope,
)


def install(ledger: Ledger, guard: Guard, _handler: RecordingHandler) -> None:
    """Patch the template methods of LangChain's model classes and of every subclass."""
    manager, managers = context_of("run_manager", 2), context_of("run_managers", 2)
    chat = {
        **_entry_points(guard, CallbackType.CHAT_MODEL),
        "_generate_with_cache": calling_inside(guard, manager),
        "_agenerate_with_cache": awaiting_inside(guard, manager),
        "_iter_v2_events": driving(guard, stream_scope(guard)),
        "_aiter_v2_events": driving(guard, stream_scope(guard)),
    }
    completion = {
        **_entry_points(guard, CallbackType.LLM),
        "batch": calling_inside(guard, context_of_configs),
        "abatch": awaiting_inside(guard, context_of_configs),
        "_generate_helper": calling_inside(guard, managers),
        "_agenerate_helper": awaiting_inside(guard, managers),
    }
    wrap_tree(ledger, guard, BaseChatModel, chat)
    wrap_tree(ledger, guard, BaseLLM, completion)


def _entry_points(guard: Guard, callback: CallbackType) -> Mapping[str, Wrapper]:
    whole_call = recorded_call_scope(guard, callback)
    # A streaming body does not know its run, so the start event itself makes the run current.
    streamed_call = recorded_call_scope(guard, callback, attach_on_start=True, streams=True, config_at=1)
    return {
        "generate": calling(guard, whole_call),
        "agenerate": awaiting(guard, whole_call),
        "stream": driving(guard, streamed_call),
        "astream": driving(guard, streamed_call),
        "invoke": calling_inside(guard, context_of_config),
        "ainvoke": awaiting_inside(guard, context_of_config),
    }
