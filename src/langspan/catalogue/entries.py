"""What an entry of the catalogue of telemetry says."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

from langspan.kinds.base import RunKind
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.registry import KINDS

ANY: Final = frozenset(KINDS)
OPERATIONS: Final = frozenset(kind for kind in KINDS if kind.operation is not None)
MODELS: Final = frozenset({CHAT, COMPLETION})
GRAPHS: Final = frozenset(kind for kind in KINDS if kind.is_graph)


class Type(enum.Enum):
    """Types of attributes."""

    STRING = "string"
    STRINGS = "string[]"
    INT = "int"
    DOUBLE = "double"
    BOOL = "boolean"
    JSON = "string, JSON"


class Level(enum.Enum):
    """How firmly an attribute is written; never below what its convention asks for."""

    REQUIRED = "required"
    """Always; left out only where nobody knows it."""
    CONDITIONAL = "conditional"
    """Always on the condition that stands beside it."""
    RECOMMENDED = "recommended"
    """Where it can be had."""
    CONTENT = "content"
    """What users, models and tools say: off by default."""


class Source(enum.Enum):
    """Who defines a name."""

    GENAI = "GenAI"
    """The last released GenAI conventions, core v1.41."""
    GENAI_NEXT = "GenAI, next"
    """The conventions' own repository, which has no release yet."""
    CORE = "core"
    """The general conventions, where they are stable."""
    OWN = "langspan"
    """This package, for what no convention covers."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        name: Its name; a name that ends in a dot stands for all that begin so.
        type: Its type.
        level: How firmly it is written.
        example: A value of that type.
        when: When it is there.
        source: Who defines it.
        on: The kinds of run whose spans may have it; empty where only events, metrics or resources do.
        values: All values it may have, where they are few.
    """

    name: str
    type: Type
    level: Level
    example: Any
    when: str
    source: Source
    on: frozenset[RunKind] = frozenset()
    values: tuple[str, ...] = ()

    @property
    def is_content(self) -> bool:
        """Whether it is recorded only where the user has turned content on."""
        return self.level is Level.CONTENT


@dataclass(frozen=True, slots=True)
class SpanName:
    """How the spans of one kind of run are called.

    Attributes:
        kind: The kind of run.
        name: The pattern of the name, what is in braces left out where nobody knows it; else words for it.
        run: What runs.
    """

    kind: RunKind
    name: str
    run: str


@dataclass(frozen=True, slots=True)
class Event:
    """A span event or a log event.

    Attributes:
        name: Its name.
        when: When it happens.
        attributes: Its attributes.
        source: Who defines it.
        severity: Of a log event: the name of its severity.
    """

    name: str
    when: str
    attributes: tuple[Attribute, ...]
    source: Source
    severity: str | None = None


Row = tuple[str, Type, Level, Any, str]
"""Name, type, level, example, when."""


def rows(
    source: Source, on: frozenset[RunKind], *given: Row, values: tuple[str, ...] = ()
) -> tuple[Attribute, ...]:
    """Return attributes that share their source, their spans and what they may be."""
    return tuple(Attribute(*row, source, on, values) for row in given)


def constants(cls: type) -> tuple[str, ...]:
    """The values that a class of well-known values lists."""
    return tuple(value for name, value in vars(cls).items() if name.isupper())
