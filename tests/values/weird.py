"""Values that applications hand around and nobody expects, by name; made anew for every run.

A value whose own code must not run keeps count of the runs in `RAN`.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import re
import threading
import types
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pydantic
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.types import Command, Send
from pydantic.v1 import BaseModel as OldModel

LONE = "half \ud83d of a pair"


class Raised(Exception):
    """What hostile values raise."""


def _raises(*_args: Any, **_kwargs: Any) -> Any:
    raise Raised("from a value's own code")


def hostile(*methods: str, base: type = object) -> Any:
    """An object of a class whose methods of these names raise."""
    kind = type(f"Raising{''.join(methods).title().replace('_', '')}", (base,), dict.fromkeys(methods, _raises))
    return kind()


class Shade(enum.Enum):
    """Members are objects, not numbers."""

    DARK = object()


class Word(enum.StrEnum):
    DARK = "dark"


class Level(enum.IntEnum):
    HIGH = 3


class Bits(enum.Flag):
    A = enum.auto()
    B = enum.auto()


@dataclasses.dataclass
class Order:
    number: Any = 7
    key: Any = dataclasses.field(default="hidden", repr=False)
    missing: Any = dataclasses.field(init=False)


class New(pydantic.BaseModel):
    model_config = {"arbitrary_types_allowed": True, "extra": "allow"}
    number: Any = math.nan
    moment: Any = dt.date(2026, 1, 2)


class Old(OldModel):
    number: Any = math.inf


class Odd:
    """Every attribute there is raises."""

    def __getattribute__(self, name: str) -> Any:
        raise Raised(name)


class Liar:
    """Says it is a dictionary."""

    __class__ = dict  # type: ignore[assignment]


class ClassRaises:
    @property
    def __class__(self) -> Any:
        raise Raised("class")


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


class Failure(Exception):
    __str__ = __repr__ = _raises


class Meta(type):
    __getattr__ = _raises
    __repr__ = _raises


class OfMeta(metaclass=Meta):
    pass


class NoName(type):
    """Its classes cannot tell their names."""

    def __getattribute__(cls, name: str) -> Any:
        return _raises() if name in ("__qualname__", "__name__", "__module__") else super().__getattribute__(name)


Unnamed = NoName("Unnamed", (), {})


def _numbers() -> Iterator[int]:
    yield from range(5)


async def _later() -> Any:
    yield 1


def _cycle() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


def _cyclic_dict() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["itself"] = {"again": made}
    return made


def _cyclic_model() -> New:
    made = New()
    made.number = [made]
    return made


def _deep(count: int) -> Any:
    made: Any = "bottom"
    for level in range(count):
        made = [made] if level % 2 else {"in": made}
    return made


def _left_early() -> Iterator[int]:
    """A generator that somebody else has begun."""
    made = _numbers()
    next(made)
    return made


VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "moment": lambda: dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    "day": lambda: dt.date(2026, 1, 2),
    "time of day": lambda: dt.time(1, 2),
    "duration": lambda: dt.timedelta(days=1),
    "uuid": lambda: uuid.UUID(int=7),
    "path": lambda: pathlib.PurePosixPath("a/b"),
    "pattern": lambda: re.compile("a+"),
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(b"\xff\x00"),
    "memoryview": lambda: memoryview(b"\xff\x00"),
    "strided memoryview": lambda: memoryview(b"\xff\x00\x01\x02")[::2],
    "released memoryview": lambda: _released(),
    "nan": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "decimal": lambda: decimal.Decimal("NaN"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "complex": lambda: complex(math.nan, 1),
    "beyond 64 bits": lambda: 2**63,
    "huge": lambda: -(10**5000),  # more digits than `str` gives
    "negative": lambda: -1,
    "yes": lambda: True,
    "set": lambda: {1, "a", None},
    "frozen set": lambda: frozenset({(1, 2)}),
    "dataclass": Order,
    "pydantic": lambda: New(extra_field=LONE),
    "pydantic 1": Old,
    "lock": threading.Lock,
    "cycle": _cycle,
    "cyclic dictionary": _cyclic_dict,
    "cyclic model": _cyclic_model,
    "deep": lambda: _deep(400),
    "lone surrogate": lambda: LONE,
    "nul": lambda: "a\x00b",
    "empty": lambda: "",
    "surrogate key": lambda: {LONE: LONE, "\udfff": 1},
    "keys of all kinds": lambda: {None: 1, 2**70: 2, (1, b"x"): 3, math.nan: 4, object: 5, "": 6},
    "hostile key": lambda: {hostile("__str__", "__repr__"): 1},
    "send": lambda: Send("node", {"x": LONE}),
    "command": lambda: Command(update={"x": math.nan}),
    "message": lambda: HumanMessage(LONE),
    "message of anything": lambda: AIMessage.model_construct(content=Odd(), tool_calls=[{"args": Odd()}]),
    "message without fields": lambda: HumanMessage.__new__(HumanMessage),
    "document": lambda: Document(LONE, metadata={"lock": threading.Lock()}),
    "generator": _numbers,
    "generator in use": _left_early,
    "asynchronous generator": _later,
    "iterator": lambda: iter([1, 2, 3]),
    "map": lambda: map(str, [1, 2, 3]),
    "plain enum": lambda: Shade.DARK,
    "text enum": lambda: Word.DARK,
    "number enum": lambda: Level.HIGH,
    "flags": lambda: Bits.A | Bits.B,
    "subclass of str": lambda: Text("text"),
    "subclass of int": lambda: Number(5),
    "subclass of float": lambda: Real(0.5),
    "subclass of list": lambda: Sequence([1]),
    "subclass of dict": lambda: Table(a=1),
    "default dictionary": lambda: collections.defaultdict(list, a=1),
    "bounded deque": lambda: collections.deque([1, 2], maxlen=2),
    "chain map": lambda: collections.ChainMap({"a": 1}, {"b": LONE}),
    "user dictionary": lambda: collections.UserDict(a=1),
    "proxy": lambda: types.MappingProxyType({"a": math.nan}),
    "mapping that fails": Foreign,
    "mapping without end": Endless,
    "views": lambda: {"a": 1}.items(),
    "named tuple": lambda: collections.namedtuple("Point", "x y")(math.nan, LONE),  # noqa: PYI024
    "repr raises": lambda: hostile("__repr__"),
    "str raises": lambda: hostile("__str__"),
    "iter raises": lambda: hostile("__iter__"),
    "getattr raises": lambda: hostile("__getattr__"),
    "every attribute raises": Odd,
    "len raises": lambda: hostile("__len__"),
    "bool raises": lambda: hostile("__bool__"),
    "equality raises": lambda: hostile("__eq__", "__ne__", "__hash__"),
    "class raises": ClassRaises,
    "class lies": Liar,
    "has everything": Everything,
    "exception": lambda: ValueError(LONE),
    "exception that cannot speak": lambda: Failure("x"),
    "class": lambda: Order,
    "class of a hostile class": lambda: OfMeta,
    "object of a hostile class": OfMeta,
    "nameless class": lambda: Unnamed,
    "function": lambda: _deep,
    "lambda": lambda: lambda: None,
    "module": lambda: math,
    "not implemented": lambda: NotImplemented,
    "ellipsis": lambda: ...,
    "object": object,
    "weak reference": lambda: weakref.ref(Order),
    "secret": lambda: pydantic.SecretStr("hidden"),
    "slots": lambda: type("Slotted", (), {"__slots__": ("a", "b")})(),
}


def _released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


try:
    import numpy as np
except ImportError:
    pass
else:
    VALUES |= {
        "numpy integer": lambda: np.int64(7),
        "numpy float": lambda: np.float32("nan"),
        "numpy double": lambda: np.float64("nan"),
        "numpy bool": lambda: np.bool_(True),  # noqa: FBT003
        "numpy text": lambda: np.str_(LONE),
        "numpy moment": lambda: np.datetime64("2026-01-02"),
        "numpy array": lambda: np.arange(6).reshape(2, 3),
        "numpy objects": lambda: np.array([object(), None]),
        "numpy array of one": lambda: np.array(3),
    }
