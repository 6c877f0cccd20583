"""Patches that wait until the module they patch is imported, and are not imported themselves before that."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final, NamedTuple, TypeAlias

from langspan._guard import Guard
from langspan.kinds.base import RunKind
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger

Patch: TypeAlias = Callable[[Ledger, Guard, RecordingHandler, ModuleType], None]


class Waiting(NamedTuple):
    """A patch, once it is imported.

    Attributes:
        patch: Patches the module that was imported.
        kinds: The kinds of run that it records itself, each listed in `langspan.kinds.borders`.
    """

    patch: Patch
    kinds: tuple[RunKind, ...]


def _stores() -> Waiting:
    from langspan.kinds import stores as kinds  # noqa: PLC0415 - only where they are needed
    from langspan.langchain.patches import stores  # noqa: PLC0415 - as above

    return Waiting(stores.patch, kinds.KINDS)


def _mcp() -> Waiting:
    from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL  # noqa: PLC0415 - it waits
    from langspan.langchain.patches import mcp  # noqa: PLC0415 - likewise

    return Waiting(mcp.patch, (MCP_TOOL_CALL, MCP_REQUEST))


def _middleware() -> Waiting:
    from langspan.langchain.patches import middleware  # noqa: PLC0415 - only if needed

    return Waiting(middleware.install, ())


def _savers() -> Waiting:
    from langspan.kinds.checkpoints import CHECKPOINT  # noqa: PLC0415 - only if asked for
    from langspan.langchain.patches import savers  # noqa: PLC0415

    return Waiting(savers.install, (CHECKPOINT,))


def _serializer() -> Waiting:
    from langspan.langchain.patches import savers  # noqa: PLC0415 - only if asked for

    return Waiting(savers.install_serializer, ())


def _loop() -> Waiting:
    from langspan.langchain.patches import savers  # noqa: PLC0415 - only if asked for

    return Waiting(savers.install_loop, ())


def _agent_executors() -> Waiting:
    from langspan.langchain.patches import agent_executors  # noqa: PLC0415 - only if needed

    return Waiting(agent_executors.install, ())


def _vector_stores() -> Waiting:
    from langspan.kinds.vector_stores import STORES  # noqa: PLC0415 - as above
    from langspan.langchain.patches.vector_stores import install  # noqa: PLC0415 - as above

    return Waiting(install, STORES)


def _indexing() -> Waiting:
    from langspan.kinds.vector_stores import INDEXING  # noqa: PLC0415 - as above
    from langspan.langchain.patches.indexing import install  # noqa: PLC0415 - as above

    return Waiting(install, (INDEXING,))


def _compressors() -> Waiting:
    from langspan.kinds.compressors import COMPRESSION  # noqa: PLC0415 - as above
    from langspan.langchain.patches.compressors import install  # noqa: PLC0415 - as above

    return Waiting(install, (COMPRESSION,))


def _remote_graphs() -> Waiting:
    from langspan.kinds.remote_graphs import REMOTE_AGENT  # noqa: PLC0415 - as above
    from langspan.langchain.patches import remote_graphs  # noqa: PLC0415 - as above

    return Waiting(remote_graphs.patch, (REMOTE_AGENT,))


def _sdk_requests() -> Waiting:
    from langspan.langchain.patches import sdk_requests  # noqa: PLC0415 - as above

    return Waiting(sdk_requests.patch, ())


WAITING: Final[Mapping[str, Callable[[], Waiting]]] = {
    "langgraph.store.base": _stores,
    "mcp.client.session": _mcp,
    "langchain.agents.factory": _middleware,
    "langchain_classic.agents.agent": _agent_executors,
    "langgraph.checkpoint.base": _savers,
    "langgraph.checkpoint.serde.jsonplus": _serializer,
    "langgraph.pregel._loop": _loop,
    "langchain_core.vectorstores.base": _vector_stores,
    "langchain_core.indexing.api": _indexing,
    "langchain_core.documents.compressor": _compressors,
    "langgraph.pregel.remote": _remote_graphs,
    "langgraph_sdk.client": _sdk_requests,
}
"""Every patch that waits, by the name of the module it waits for."""

_OF_CHECKPOINTS: Final = frozenset({_savers, _serializer, _loop})
"""Those that a setting has to ask for."""


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Have each patch wait for its module.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
    """
    for name, load in WAITING.items():
        if load in _OF_CHECKPOINTS and not handler.recorder.records_checkpoints:
            continue
        ledger.when_imported(guard, name, functools.partial(_patch, load, ledger, guard, handler))


def _patch(
    load: Callable[[], Waiting], ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType
) -> None:
    load().patch(ledger, guard, handler, module)
