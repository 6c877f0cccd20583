"""Every patch is written down here, so that it can be undone exactly and a missing target is told once."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import wrapt

from langspan._guard import Guard
from langspan.langchain.patches.hooks import PATCHED, YOUNG, full_name

_logger = logging.getLogger("langspan")
_MISSING: Final = object()

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]


class Ledger:
    """Replaces attributes of modules and classes, and puts the originals back.

    Attributes:
        closed: The patches are undone; what waits for a class to be defined must not patch any more.

    Args:
        features: What users lose without a patch, by what is patched.
    """

    def __init__(self, features: Mapping[str, str] = PATCHED) -> None:
        self.closed = False
        self._features = features
        self._entries: list[tuple[Any, str, Any, Any]] = []
        self._awaited: dict[str, Callable[[ModuleType], None]] = {}

    def when_imported(self, guard: Guard, name: str, patch: Callable[[ModuleType], None]) -> None:
        """Have a module patched as soon as it is imported; now, if it is already.

        Args:
            guard: The error boundary.
            name: The module.
            patch: Patches it. Forgotten when the patches are undone before.
        """
        self._awaited[name] = patch
        # An import hook cannot be taken back, so it must not keep anything of ours alive.
        ledger = weakref.ref(self)

        def hook(module: ModuleType) -> None:
            alive = ledger()
            awaited = None if alive is None else alive._awaited.pop(name, None)  # noqa: SLF001 - same class
            if awaited is not None:
                guard.call(awaited, module)

        wrapt.register_post_import_hook(hook, name)

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Wrap `owner.name`; if the host library no longer has it, say what is lost and go on.

        Args:
            owner: A module or class.
            name: The attribute.
            wrapper: A wrapt wrapper: `wrapper(wrapped, instance, args, kwargs)`.

        Raises:
            KeyError: The patch is not listed in `langspan.langchain.patches.hooks`.
        """
        hook = full_name(owner, name)
        feature = self._features[hook]
        # What the class itself defines: an inherited function belongs to the base class's own patch.
        original = vars(owner).get(name, _MISSING)
        if original is _MISSING:
            if hook not in YOUNG:
                _logger.warning(
                    "langspan: %s is not there in this version of the library, so %s. "
                    "The tree of spans is not affected.",
                    hook,
                    feature,
                )
            return
        self.replace(owner, name, wrapt.FunctionWrapper(original, wrapper))

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Set `owner.name`, remembering what was there."""
        self._entries.append((owner, name, vars(owner).get(name, _MISSING), replacement))
        setattr(owner, name, replacement)

    def undo(self, guard: Guard) -> None:
        """Put every original back, last patch first.

        Where somebody has wrapped our wrapper since, theirs stays: ours then finds no runs and does nothing.

        Args:
            guard: The error boundary: one that cannot be put back does not keep the others.
        """
        self.closed = True
        self._awaited.clear()
        while self._entries:
            guard.call(_put_back, *self._entries.pop())


def _put_back(owner: Any, name: str, original: Any, replacement: Any) -> None:
    if vars(owner).get(name) is not replacement:
        return
    if original is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, original)
