"""The types of the catalogue's entries: attributes, span names and events."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from langspan.kinds.base import RunKind
from langspan.kinds.borders import BORDERS
from langspan.kinds.decisions import DECISION, GENERATION
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.registry import KINDS

ALL_KINDS: Final = (*KINDS, *BORDERS)
ANY: Final = frozenset(ALL_KINDS)
OPERATIONS: Final = frozenset(kind for kind in ALL_KINDS if kind.operation is not None)
MODELS: Final = frozenset({CHAT, COMPLETION, DECISION, GENERATION})
GRAPHS: Final = frozenset(kind for kind in KINDS if kind.is_graph)


class Type(enum.Enum):
    """The types of attribute values."""

    STRING = "string"
    STRINGS = "string[]"
    INT = "int"
    DOUBLE = "double"
    DOUBLES = "double[]"
    BOOL = "boolean"
    JSON = "string, JSON"


class Level(enum.Enum):
    """The requirement level of an attribute; never weaker than its convention requires."""

    REQUIRED = "required"
    """Always present, unless the value is unknown."""
    CONDITIONAL = "conditional"
    """Always present if the condition beside it holds."""
    RECOMMENDED = "recommended"
    """Present if available."""
    CONTENT = "content"
    """Data of users, models and tools: off by default."""


class Source(enum.Enum):
    """The source that defines a name."""

    GENAI = "GenAI"
    """The last released GenAI conventions, core v1.41."""
    GENAI_NEXT = "GenAI, next"
    """The GenAI conventions' own repository, which has no release yet."""
    CORE = "core"
    """The stable general conventions."""
    OWN = "langspan"
    """This package, for data that no convention covers."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        name: The attribute's name; a name that ends in a dot is a prefix.
        type: The type of its value.
        level: Its requirement level.
        example: An example value.
        when: The condition under which it is present.
        source: The source that defines it.
        on: The kinds of runs whose spans may have it; empty if only events, metrics or resources have it.
        values: All possible values of an enumeration; empty for any other attribute.
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
        """Whether it is recorded only if content capture is on."""
        return self.level is Level.CONTENT


@dataclass(frozen=True, slots=True)
class SpanName:
    """The span name of one kind of run.

    Attributes:
        kind: The kind of run.
        name: The pattern of the name, with parts in braces that are left out if unknown; or a description.
        run: A description of the run.
    """

    kind: RunKind
    name: str
    run: str


@dataclass(frozen=True, slots=True)
class Event:
    """A span event or a log event.

    Attributes:
        name: The event's name.
        when: The condition under which it is recorded.
        attributes: Its attributes.
        source: The source that defines it.
        severity: The severity of a log event; None for a span event.
    """

    name: str
    when: str
    attributes: tuple[Attribute, ...]
    source: Source
    severity: str | None = None


Row: TypeAlias = tuple[str, Type, Level, Any, str]
"""The name, type, level, example and condition of an attribute."""


def rows(
    source: Source, on: frozenset[RunKind], *given: Row, values: tuple[str, ...] = ()
) -> tuple[Attribute, ...]:
    """Return attributes that share their source, kinds of runs, and possible values.

    Args:
        source: The source of all of them.
        on: The kinds of runs whose spans may have them.
        given: A row for each attribute.
        values: All possible values.
    """
    return tuple(Attribute(*row, source, on, values) for row in given)


def constants(cls: type) -> tuple[str, ...]:
    """Return the well-known values that a class of `langspan.conventions.names` lists."""
    return tuple(value for name, value in vars(cls).items() if name.isupper())
