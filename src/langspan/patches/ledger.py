"""Every patch is written down here, so that it can be undone exactly and a missing target is told once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import wrapt

from langspan._guard import Guard

_logger = logging.getLogger("langspan")
_MISSING: Final = object()

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]


class Ledger:
    """Replaces attributes of modules and classes, and puts the originals back.

    Attributes:
        closed: The patches are undone; a hook that waits for an import must not patch any more.
    """

    def __init__(self) -> None:
        self.closed = False
        self._entries: list[tuple[Any, str, Any, Any]] = []

    def wrap(self, owner: Any, name: str, wrapper: Wrapper, *, feature: str) -> None:
        """Wrap ``owner.name``; if the host library no longer has it, say what is lost and go on.

        Args:
            owner: A module or class.
            name: The attribute.
            wrapper: A wrapt wrapper: ``wrapper(wrapped, instance, args, kwargs)``.
            feature: What users lose without the patch, for the warning.
        """
        # What the class itself defines: an inherited function belongs to the base class's own patch.
        original = vars(owner).get(name, _MISSING)
        if original is _MISSING:
            _logger.warning(
                "langspan: %s.%s is not there in this version of the library, so %s. "
                "The tree of spans is not affected.",
                getattr(owner, "__qualname__", owner.__name__),
                name,
                feature,
            )
            return
        self.replace(owner, name, wrapt.FunctionWrapper(original, wrapper))

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Set ``owner.name``, remembering what was there."""
        self._entries.append((owner, name, vars(owner).get(name, _MISSING), replacement))
        setattr(owner, name, replacement)

    def undo(self, guard: Guard) -> None:
        """Put every original back, last patch first.

        Where somebody has wrapped our wrapper since, theirs stays: ours then finds no runs and does nothing.

        Args:
            guard: The error boundary: one that cannot be put back does not keep the others.
        """
        self.closed = True
        while self._entries:
            guard.call(_put_back, *self._entries.pop())


def _put_back(owner: Any, name: str, original: Any, replacement: Any) -> None:
    if vars(owner).get(name) is not replacement:
        return
    if original is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, original)
