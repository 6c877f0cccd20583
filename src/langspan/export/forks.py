"""What a forked child has to do before anything else, for objects that may be gone by then."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from functools import partial


def call_in_child(method: Callable[[], None]) -> None:
    """Have a bound method called in every forked child, as long as its object lives.

    Only the forking thread survives there, and any lock may have been held by another one.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(_call_if_alive, weakref.WeakMethod(method)))


def _call_if_alive(reference: weakref.WeakMethod[Callable[[], None]]) -> None:
    method = reference()
    if method is not None:
        method()
