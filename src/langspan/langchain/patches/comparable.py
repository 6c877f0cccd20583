"""A wrapper for methods that LangChain compares on classes, to find out whether a subclass overrides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    _FunctionWrapper = wrapt.FunctionWrapper[..., Any]
else:  # not generic in older versions
    _FunctionWrapper = wrapt.FunctionWrapper


class ComparableWrapper(_FunctionWrapper):
    """A `wrapt.FunctionWrapper` that a class returns itself, as a class returns a plain function.

    So `type(store).delete is VectorStore.delete` holds as it does without a wrapper, wherever the method is
    inherited. `==` compares what is wrapped, so that a function which was taken from the class before it was
    wrapped is equal, too.
    """

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None else super().__get__(instance, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method on the class: as with a plain function, the first argument is the instance."""
        if not args:
            return self.__wrapped__(**kwargs)
        return self.__get__(args[0], type(args[0]))(*args[1:], **kwargs)
