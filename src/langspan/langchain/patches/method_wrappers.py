"""Wrappers that behave as the functions in them do, also where an application does more than call them."""

from __future__ import annotations

import copy
import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    _FunctionWrapper = wrapt.FunctionWrapper[..., Any]
    _BoundFunctionWrapper = wrapt.BoundFunctionWrapper[..., Any]
else:  # not generic in older versions
    _FunctionWrapper = wrapt.FunctionWrapper
    _BoundFunctionWrapper = wrapt.BoundFunctionWrapper


def is_method(method: object) -> bool:
    """Return whether what a class has under a name becomes a bound method, and nothing else.

    A class or static method, a property and an object that is merely called are not wrapped: what they do
    with their arguments, and how they are set, is their own affair.

    Args:
        method: What the class's namespace holds.
    """
    kind = type(method)
    # A partial becomes a method from Python 3.14 on, with a warning before that.
    if isinstance(method, (classmethod, staticmethod, functools.partial)) or hasattr(kind, "__set__"):
        return False
    return hasattr(kind, "__get__")


class _Copied:
    """How a wrapped function is copied and pickled: by its name, as a plain one is."""

    __slots__ = ()  # or it hides the attributes of the function from older versions of wrapt

    def __reduce__(self: Any) -> Any:
        instance = getattr(self.__wrapped__, "__self__", None)
        if instance is None:
            return _named, (self.__module__, self.__qualname__)
        return getattr, (instance, self.__name__)

    def __reduce_ex__(self: Any, _protocol: Any) -> Any:
        return self.__reduce__()

    def __copy__(self: Any) -> Any:
        return self

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        instance = getattr(self.__wrapped__, "__self__", None)
        return self if instance is None else getattr(copy.deepcopy(instance, memo), self.__name__)


class _BoundMethod(_Copied, _BoundFunctionWrapper):
    """A wrapped method of an instance, or of a class that it is looked up on."""

    __slots__ = ()


class MethodWrapper(_Copied, _FunctionWrapper):
    """A `wrapt.FunctionWrapper` that can be copied and pickled, and so can its bound methods."""

    __slots__ = ()
    __bound_function_wrapper__ = _BoundMethod


class ComparableWrapper(MethodWrapper):
    """One that a class returns itself, as a class returns a plain function.

    LangChain compares some methods on classes, to find out whether a subclass overrides them. So
    `type(store).delete is VectorStore.delete` holds as it does without a wrapper, wherever the method is
    inherited. `==` compares what is wrapped, so that a function which was taken from the class before it was
    wrapped is equal, too.
    """

    __slots__ = ()

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None else super().__get__(instance, owner)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the method on the class: as with a plain function, the first argument is the instance."""
        if not args:
            return self.__wrapped__(**kwargs)
        return self.__get__(args[0], type(args[0]))(*args[1:], **kwargs)


def _named(module: str, name: str) -> Any:
    """Return what a module has under a qualified name."""
    return functools.reduce(getattr, name.split("."), import_module(module))
