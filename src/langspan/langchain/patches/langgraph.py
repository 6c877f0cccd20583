"""LangGraph: nodes and tasks are current in their bodies, graphs are identified and interrupts recorded.

LangGraph is optional, so each patch waits until its module is imported.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from langspan._events import Graph
from langspan._guard import Guard
from langspan.kinds.registry import AGENT_INTEGRATION
from langspan.langchain import graph_announcements
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.cached_nodes import patch_loop
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.lookup import deferred_nodes_of, is_made_by, own_name_of
from langspan.langchain.patches.method_wrappers import MethodWrapper
from langspan.langchain.patches.runnables import entering

_MANAGERS: Final = ("get_callback_manager_for_config", "get_async_callback_manager_for_config")
_FACTORIES: Final = (
    "get_sync_graph_callback_manager_for_config",
    "get_async_graph_callback_manager_for_config",
)
# The node that calls an agent's model, and the module of its function: `langchain` marks agents only since
# 1.2.13, and `create_react_agent` never does.
_MODEL_NODES: Final[Mapping[str, str]] = {
    "model": "langchain.agents.factory",
    "agent": "langgraph.prebuilt.chat_agent_executor",
}


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Patch LangGraph as soon as it is imported.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler that LangChain's runs carry.
    """
    runnable = functools.partial(_patch_runnable, ledger, guard, handler=handler)
    ledger.when_imported(guard, "langgraph._internal._runnable", runnable)
    pregel = functools.partial(_patch_pregel, ledger, guard, handler=handler)
    ledger.when_imported(guard, "langgraph.pregel.main", pregel)
    retry = functools.partial(_patch_retry, ledger, guard)
    ledger.when_imported(guard, "langgraph.pregel._retry", retry)
    loop = functools.partial(patch_loop, ledger, guard)
    ledger.when_imported(guard, "langgraph.pregel._loop", loop)


def _patch_runnable(ledger: Ledger, guard: Guard, module: ModuleType, *, handler: RecordingHandler) -> None:
    ledger.wrap(module, "_set_config_context", entering(guard, handler))


def _patch_pregel(ledger: Ledger, guard: Guard, module: ModuleType, *, handler: RecordingHandler) -> None:
    ledger.wrap(module.Pregel, "_defaults", _observing(guard, _announce))
    for name in _MANAGERS:
        ledger.wrap(module, name, _observing(guard, _announce_at_last))
    if not hasattr(module, _FACTORIES[0]):
        # These old versions look up defaults too late; before, they call only the graph's `get_name`.
        named = MethodWrapper(module.Pregel.get_name, _observing(guard, _specify))
        ledger.replace(module.Pregel, "get_name", named)
    # The oldest supported LangGraph lacks lifecycle callbacks; its interrupts are known from their exception.
    for name in _FACTORIES:
        if hasattr(module, name):
            ledger.wrap(module, name, _listening(guard, handler))
    if handler.recorder.interrupts.across_processes:
        from langspan.langchain.patches import checkpoints  # noqa: PLC0415 - only if asked for

        checkpoints.install(ledger, guard, module, handler.recorder.interrupts)


def _patch_retry(ledger: Ledger, guard: Guard, module: ModuleType) -> None:
    if hasattr(module, "_arun_with_timeout"):  # nodes have timeouts in younger versions only
        ledger.wrap(module, "_arun_with_timeout", _timing_out(guard, module.NodeTimeoutError))


def _timing_out(guard: Guard, timeout_error: type[Exception]) -> Wrapper:
    """Tell the recorder of a node's timeout, which reaches the node itself as a cancellation."""

    def tell(error: Exception, _task: Any, config: Any, *_args: Any, **_kwargs: Any) -> None:
        place = (config.get("metadata") or {}).get("langgraph_checkpoint_ns")
        # Whoever runs a task by hand may give it neither.
        for handler in getattr(config.get("callbacks"), "handlers", ()):
            if place is not None and isinstance(handler, RecordingHandler):
                handler.recorder.timed_out(place, error)

    async def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return await wrapped(*args, **kwargs)
        except timeout_error as error:
            guard.call(tell, error, *args, **kwargs)
            raise

    return wrapper


def _observing(guard: Guard, tell: Callable[..., None]) -> Wrapper:
    """Return a wrapper that first calls a function with the arguments of the wrapped one."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        guard.call(tell, instance, *args, **kwargs)
        return wrapped(*args, **kwargs)

    return wrapper


def _announce(graph: Any, /, config: Any, *_args: Any, **_kwargs: Any) -> None:
    """Announce a graph when it looks up its defaults, which it does only when its run starts."""
    name = config.get("run_name") or graph.get_name()
    deferred, configurable = deferred_nodes_of(graph), config.get("configurable")
    announced = Graph(name, _is_agent(graph), own_name_of(graph), configurable, deferred)
    graph_announcements.announce(announced, config)


def _announce_at_last(_module: Any, /, config: Any, *_args: Any, **_kwargs: Any) -> None:
    """Announce an unnamed graph from its run's callback manager, if no graph has announced itself."""
    if not graph_announcements.is_announced(config):
        unknown = Graph(None, is_agent=False, configurable=config.get("configurable"))
        graph_announcements.announce(unknown, config)


def _specify(graph: Any, /, *_args: Any, **_kwargs: Any) -> None:
    """Identify an announced unnamed graph as the one whose `get_name` is called."""
    deferred = deferred_nodes_of(graph)
    graph_announcements.specify(Graph(None, _is_agent(graph), own_name_of(graph), deferred=deferred))


def _is_agent(graph: Any) -> bool:
    own = (getattr(graph, "config", None) or {}).get("metadata") or {}
    return own.get("ls_integration") == AGENT_INTEGRATION or is_made_by(graph, _MODEL_NODES)


def _listening(guard: Guard, handler: RecordingHandler) -> Wrapper:
    """Return a wrapper that adds a handler of LangGraph's own type, as only those receive interrupts."""
    lifecycle_handler = _lifecycle_class()

    def listen(manager: Any, config: Any) -> None:
        callbacks = config.get("callbacks")
        handlers = callbacks if isinstance(callbacks, list) else getattr(callbacks, "handlers", ())
        ours = next((each for each in handlers if isinstance(each, RecordingHandler)), handler)
        manager.add_handler(lifecycle_handler(ours))

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        manager = wrapped(*args, **kwargs)
        guard.call(listen, manager, args[0] if args else kwargs.get("config"))
        return manager

    return wrapper


def _lifecycle_class() -> Callable[[RecordingHandler], Any]:
    """Create the class of handlers that receive interrupts. Once, as each class is garbage to collect."""
    from langgraph.callbacks import GraphCallbackHandler  # noqa: PLC0415 - optional dependency

    class LifecycleHandler(GraphCallbackHandler):
        """A handler that passes LangGraph's lifecycle events to ours."""

        run_inline = True

        def __init__(self, handler: RecordingHandler) -> None:
            super().__init__()
            self._handler = handler

        def on_interrupt(self, event: Any) -> None:
            self._handler.on_interrupt(event)

        def on_resume(self, event: Any) -> None:
            self._handler.on_resume(event)

    return LifecycleHandler
