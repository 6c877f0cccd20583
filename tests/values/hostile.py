"""Values whose own code raises, or lies, when somebody so much as looks at them; made anew for every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage


class OwnCodeError(Exception):
    """What hostile values raise."""


def _raises(*_args: Any, **_kwargs: Any) -> Any:
    raise OwnCodeError("from a value's own code")


def hostile(*methods: str, base: type = object) -> Any:
    """An object of a class whose methods of these names raise."""
    kind = type(
        f"Raising{''.join(methods).title().replace('_', '')}", (base,), dict.fromkeys(methods, _raises)
    )
    return kind()


class Odd:
    """Every attribute there is raises."""

    def __getattribute__(self, name: str) -> Any:
        raise OwnCodeError(name)


class Liar:
    """Says it is a dictionary."""

    __class__ = dict  # type: ignore[assignment]


class ClassRaises:
    @property
    def __class__(self) -> Any:
        raise OwnCodeError("class")


class Everything:
    """Has every attribute one asks for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class Text(str):
    __slots__ = ()
    __str__ = __repr__ = __len__ = __iter__ = encode = __getitem__ = isascii = _raises


class Number(int):
    __str__ = __repr__ = __int__ = __index__ = bit_length = _raises


class Real(float):
    __str__ = __repr__ = __float__ = is_integer = _raises


class Sequence(list[Any]):
    __iter__ = __len__ = __getitem__ = __repr__ = _raises


class Table(dict[str, Any]):
    __iter__ = __len__ = __getitem__ = items = keys = values = get = __repr__ = __contains__ = _raises


class Foreign(Mapping[str, Any]):
    """A mapping that is no dictionary, and fails when it is read."""

    __getitem__ = __iter__ = _raises

    def __len__(self) -> int:
        return 2


class Endless(Mapping[str, Any]):
    """A mapping that is far longer than it says, and stops whoever reads on and on."""

    def __getitem__(self, key: str) -> Any:
        return key

    def __iter__(self) -> Iterator[str]:
        for number in range(10_000):
            yield str(number)
        _raises()

    def __len__(self) -> int:
        return 1


class SilentError(Exception):
    __str__ = __repr__ = _raises


class Meta(type):
    __getattr__ = _raises
    __repr__ = _raises


class OfMeta(metaclass=Meta):
    pass


class NoName(type):
    """Its classes cannot tell their names."""

    def __getattribute__(cls, name: str) -> Any:
        return (
            _raises()
            if name in ("__qualname__", "__name__", "__module__")
            else super().__getattribute__(name)
        )


Unnamed = NoName("Unnamed", (), {})


# Where nothing is asked but what everybody may ask: these are read like any other value.
SILENT: dict[str, Callable[[], Any]] = {
    "repr raises": lambda: hostile("__repr__"),
    "str raises": lambda: hostile("__str__"),
    "has everything": Everything,
    "exception that cannot speak": lambda: SilentError("x"),
}

# Values that resist being looked at. What is known of the field they stand in may be lost, no more.
RESISTING: dict[str, Callable[[], Any]] = {
    "subclass of str": lambda: Text("text"),
    "subclass of int": lambda: Number(5),
    "subclass of float": lambda: Real(0.5),
    "subclass of list": lambda: Sequence([1]),
    "subclass of dict": lambda: Table(a=1),
    "hostile key": lambda: {hostile("__str__", "__repr__"): 1},
    "mapping that fails": Foreign,
    "mapping without end": Endless,
    "iter raises": lambda: hostile("__iter__"),
    "getattr raises": lambda: hostile("__getattr__"),
    "every attribute raises": Odd,
    "len raises": lambda: hostile("__len__"),
    "bool raises": lambda: hostile("__bool__"),
    "equality raises": lambda: hostile("__eq__", "__ne__", "__hash__"),
    "class raises": ClassRaises,
    "message of anything": lambda: AIMessage.model_construct(content=Odd(), tool_calls=[{"args": Odd()}]),
    "class lies": Liar,
    "class of a hostile class": lambda: OfMeta,
    "object of a hostile class": OfMeta,
    "nameless class": lambda: Unnamed,
}
