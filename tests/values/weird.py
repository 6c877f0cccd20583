"""Values that applications hand around and nobody expects, by name; made anew for every run."""

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
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langgraph.types import Command, Send
from pydantic.v1 import BaseModel as OldModel

LONE = "half \ud83d of a pair"


class Slotted:
    __slots__ = ("a", "b")


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


def _released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


def _left_early() -> Iterator[int]:
    """A generator that somebody else has begun."""
    made = _numbers()
    next(made)
    return made


ODD: dict[str, Callable[[], Any]] = {
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
    "released memoryview": _released,
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
    "send": lambda: Send("node", {"x": LONE}),
    "command": lambda: Command(update={"x": math.nan}),
    "message": lambda: HumanMessage(LONE),
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
    "default dictionary": lambda: collections.defaultdict(list, a=1),
    "bounded deque": lambda: collections.deque([1, 2], maxlen=2),
    "chain map": lambda: collections.ChainMap({"a": 1}, {"b": LONE}),
    "user dictionary": lambda: collections.UserDict(a=1),
    "proxy": lambda: types.MappingProxyType({"a": math.nan}),
    "views": lambda: {"a": 1}.items(),  # noqa: PLW0108 - a new one each time
    "named tuple": lambda: collections.namedtuple("Point", "x y")(math.nan, LONE),  # noqa: PYI024
    "exception": lambda: ValueError(LONE),
    "class": lambda: Order,
    "function": lambda: _deep,
    "lambda": lambda: lambda: None,
    "module": lambda: math,
    "not implemented": lambda: NotImplemented,
    "ellipsis": lambda: ...,
    "object": object,
    "weak reference": lambda: weakref.ref(Order),
    "secret": lambda: pydantic.SecretStr("hidden"),
    "slots": Slotted,
}


try:
    import numpy as np
except ImportError:
    pass
else:
    ODD |= {
        "numpy integer": lambda: np.int64(7),
        "numpy float": lambda: np.float32("nan"),
        "numpy double": lambda: np.float64("nan"),
        "numpy bool": lambda: np.bool_(True),
        "numpy text": lambda: np.str_(LONE),
        "numpy moment": lambda: np.datetime64("2026-01-02"),
        "numpy array": lambda: np.arange(6).reshape(2, 3),
        "numpy objects": lambda: np.array([object(), None]),
        "numpy array of one": lambda: np.array(3),
    }
