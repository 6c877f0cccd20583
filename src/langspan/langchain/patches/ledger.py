"""The record of every patch, so that each one can be undone exactly, and a missing target is logged once."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final, NamedTuple

import wrapt

from langspan._guard import Guard
from langspan.langchain.patches.by_identity import ByIdentity
from langspan.langchain.patches.hooks import PATCHED, YOUNG, full_name
from langspan.langchain.patches.method_wrappers import MethodWrapper

_logger = logging.getLogger("langspan")
_MISSING: Final = object()

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]


class Ledger:
    """The record of replaced attributes of modules and classes, which can restore the originals.

    Args:
        features: The effect for users if a patch is missing, by the patched name.

    Attributes:
        closed: Whether the patches are undone, after which classes defined later must not be patched.
    """

    def __init__(self, features: Mapping[str, str] = PATCHED) -> None:
        self.closed = False
        self._features = features
        self._entries: list[tuple[Any, str, Any, Any]] = []
        self._overrides = ByIdentity[list[_Override]]()
        self._missed: set[str] = set()
        self._awaited: dict[str, list[Callable[[ModuleType], None]]] = {}

    def when_imported(self, guard: Guard, name: str, patch: Callable[[ModuleType], None]) -> None:
        """Patch a module as soon as it is imported, or now if it already is.

        Args:
            guard: The error boundary.
            name: The name of the module.
            patch: The function that patches it. Dropped if the patches are undone first.
        """
        self._awaited.setdefault(name, []).append(patch)
        # An import hook cannot be unregistered, so it must not keep the ledger alive.
        ledger = weakref.ref(self)

        def hook(module: ModuleType) -> None:
            alive = ledger()
            awaited = () if alive is None else alive._awaited.pop(name, ())  # noqa: SLF001 - same class
            for each in awaited:
                guard.call(each, module)

        wrapt.register_post_import_hook(hook, name)

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Wrap `owner.name`; if the library does not have it, log the effect and go on.

        Args:
            owner: A module or class.
            name: The name of the attribute.
            wrapper: A wrapt wrapper: `wrapper(wrapped, instance, args, kwargs)`.

        Raises:
            KeyError: The patch is not listed in `langspan.langchain.patches.hooks`.
        """
        self.exchange(owner, name, lambda original: MethodWrapper(original, wrapper))

    def exchange(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Set `owner.name` to what is made of it; if the library does not have it, log the effect and go on.

        Args:
            owner: A module or class.
            name: The name of the attribute.
            make: Makes the replacement of the original.

        Raises:
            KeyError: The patch is not listed in `langspan.langchain.patches.hooks`.
        """
        hook = full_name(owner, name)
        feature = self._features[hook]
        # Only the class's own attribute: an inherited one belongs to the base class's patch.
        original = vars(owner).get(name, _MISSING)
        if original is _MISSING:
            if hook not in YOUNG | self._missed:
                self._missed.add(hook)
                _logger.warning(
                    "langspan: %s is not there in this version of the library, so %s. "
                    "The tree of spans is not affected.",
                    hook,
                    feature,
                )
            return
        self.replace(owner, name, make(original))

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        """Set `owner.name` and record what was there before."""
        self._entries.append((owner, name, vars(owner).get(name, _MISSING), replacement))
        setattr(owner, name, replacement)

    def override(self, cls: type, name: str, replacement: MethodWrapper) -> None:
        """Set a method of a class that an application may have made, and may let go again.

        Args:
            cls: The class; neither it nor its methods are kept alive.
            name: The name of the method.
            replacement: What is put around the original, which it knows.
        """
        made = _Override(name, weakref.ref(replacement), is_own=name in vars(cls))
        known = self._overrides.of(cls)
        if known is None:
            self._overrides.keep(cls, [made])
        else:
            known.append(made)
        setattr(cls, name, replacement)

    def written(self) -> Iterator[tuple[Any, str, Any, Any]]:
        """Yield what was replaced, last first: owner, name, original and replacement."""
        for cls, overrides in self._overrides.pairs():
            for each in overrides:
                if (replacement := each.replacement()) is not None:
                    original = replacement.__wrapped__ if each.is_own else _MISSING
                    yield cls, each.name, original, replacement
        yield from reversed(self._entries)

    def undo(self, guard: Guard) -> None:
        """Restore every original, last patch first.

        If another package has wrapped our wrapper since, its wrapper stays: ours then finds no runs and does
        nothing.

        Args:
            guard: The error boundary: an attribute that cannot be restored does not prevent the others.
        """
        self.closed = True
        self._awaited.clear()
        for each in list(self.written()):
            guard.call(_put_back, *each)
        self._entries.clear()
        self._overrides = ByIdentity()


class _Override(NamedTuple):
    """A method of a class that was replaced, while both live.

    Attributes:
        name: Its name.
        replacement: What it was replaced with.
        is_own: Whether the class had one of its own, which the replacement wraps.
    """

    name: str
    replacement: weakref.ref[MethodWrapper]
    is_own: bool


def _put_back(owner: Any, name: str, original: Any, replacement: Any) -> None:
    if vars(owner).get(name) is not replacement:
        return
    if original is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, original)
