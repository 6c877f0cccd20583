"""Patches on LangChain and LangGraph, which make a run current in its body and ensure that it ends.

The span tree does not depend on them, because runs are linked by the ids in LangChain's callbacks. Each patch
is optional by itself, and only the modules here use private names of LangChain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langspan._guard import Guard
from langspan.kinds.base import RunKind
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.registry import KINDS
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches import (
    batches,
    embeddings,
    langgraph,
    lost_facts,
    managers,
    models,
    optional,
    retrievers,
    runnables,
    tokens,
    tools,
)
from langspan.langchain.patches.ledger import Ledger

Install: TypeAlias = Callable[[Ledger, Guard, RecordingHandler], None]

PATCHES: Final[Mapping[Install, tuple[RunKind, ...]]] = {
    managers.install: (),
    models.install: (),
    tokens.install: (),
    tools.install: (),
    retrievers.install: (),
    runnables.install: (),
    batches.install: (),
    embeddings.install: (EMBEDDINGS,),
    langgraph.install: (),
    lost_facts.install: (),
    optional.install: (),
}
"""Every patch, with the kinds of run that it records itself because LangChain has no callback for them."""


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler) -> None:
    """Install every patch; one that fails does not prevent the others.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler that LangChain's runs carry.
    """
    for patch in PATCHES:
        guard.call(patch, ledger, guard, handler)


def check_recorded(kinds: Sequence[RunKind], patches: Mapping[Any, Sequence[RunKind]]) -> None:
    """Check that each kind of run has a callback or is recorded by a patch.

    Args:
        kinds: Every kind of run.
        patches: The patches, with the kinds of run that each one records.

    Raises:
        TypeError: Nothing records a kind, or a patch records one that is not listed.
    """
    recorded = {kind for of_patch in patches.values() for kind in of_patch}
    for kind in kinds:
        if kind.callback is None and kind not in recorded:
            raise TypeError(f"nothing records {kind}; add its patch to langspan.langchain.patches.PATCHES")
    for kind in recorded.difference(kinds):
        raise TypeError(f"{kind} is not listed; add it to langspan.kinds.registry.KINDS")


check_recorded(KINDS, PATCHES)
