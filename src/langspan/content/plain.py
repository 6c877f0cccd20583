"""Conversion of any Python value to a tree of plain JSON types, without running the value's own code.

Only stored fields are read. No `model_dump`, `repr`, property, generator or method of an unknown container is
run: they may be slow, query a database, or reveal what the class hides (`exclude`, `repr=False`, secrets).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from langspan._reading import pairs_of
from langspan.content import media, objects
from langspan.content.fields import NOTHING_HIDDEN, shown_of_call, shown_of_message, shown_of_object
from langspan.content.messages import is_message, message_fields
from langspan.content.scalars import plain_number, scalar
from langspan.content.shorten import OMITTED_KEY, OmissionNote
from langspan.content.structure import structure_of

Redact: TypeAlias = Callable[[Any, str], Any]

MAX_SECONDS: Final = 0.05
"""How long one value may be read, beyond the first few nodes; what is left then is only counted."""

_NODES_PER_LOOK: Final = 64  # how many values are converted between two looks at the clock
_MAX_DEPTH: Final = 24
_MAX_KEY: Final = 200  # characters of a key; keys are not shortened later
_CIRCULAR: Final = "[circular]"
_TOO_DEEP: Final = "[nested too deep]"
_MAX_REDACTED_NODES: Final = 64


class RedactionFailedError(Exception):
    """The user's `redact` hook raised, so the value must not be recorded."""


class JsonTreeBuilder:
    """A converter of one value to a tree of plain JSON types. Create a new one for each value.

    Args:
        redact: The user's hook, called with every string, number and key that comes from the application.
        where: What the value is; passed to the hook.
        max_nodes: The maximum number of values to convert; any others are only counted.
        clock: Tells the seconds that this thread has computed; those of others do not count.
        hidden: What of messages and documents is left out: see `langspan.content.fields`.

    Attributes:
        text_length: Total characters of all strings converted so far.
    """

    __slots__ = ("_clock", "_hidden", "_left", "_path", "_redact", "_until", "_where", "text_length")

    def __init__(
        self,
        redact: Redact | None,
        where: str,
        max_nodes: int,
        clock: Callable[[], float] = time.thread_time,
        hidden: frozenset[str] = NOTHING_HIDDEN,
    ) -> None:
        self._hidden = hidden
        self._redact = redact
        self._where = where
        self._left = max_nodes
        self._clock = clock
        self._until: float | None = None  # small values are never timed
        self._path: set[int] = set()
        self.text_length = 0

    def build(self, value: Any, depth: int = 0) -> Any:
        """Return the value as None, bool, number, string, list, or dictionary with string keys.

        Raises:
            RedactionFailedError: The `redact` hook raised.
        """
        kind = type(value)
        read = _EXACT.get(kind) if type(kind) is type else None  # a metaclass may have a `__hash__`
        return read(self, value, depth) if read is not None else self._build_foreign(value, depth)

    def message(self, fields: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
        """Return a message or part as a tree; its structural fields are kept, and not redacted.

        Raises:
            RedactionFailedError: The `redact` hook raised.
        """
        tree: dict[str, Any] = {}
        if self._hidden:
            fields = shown_of_message(fields, self._hidden)
        structure = structure_of(fields)
        for key, value in fields.items():
            if key in structure and (type(value) is str or type(value) is int):
                tree[key] = value
                self.text_length += len(value) if type(value) is str else 8
            elif key == "parts":
                tree[key] = self._parts(value, depth + 2)
            else:
                tree[key if type(key) is str else self._key(key)] = self.build(value, depth + 1)
        return tree

    def _parts(self, parts: list[Any], depth: int) -> list[Any]:
        missing = parts[-1].items if parts and isinstance(parts[-1], OmissionNote) else 0
        present = len(parts) - bool(missing)
        shown: list[Any] = [self.message(part, depth) for part in parts[: min(present, self._left)]]
        self._left -= len(shown)
        missing += present - len(shown)
        return [*shown, OmissionNote(missing)] if missing else shown

    def text(self, text: str, _depth: int = 0) -> Any:
        """Return a string; base64 data becomes a reference."""
        if len(text) > 32 and (media.is_data_url(text) or media.is_base64(text)):  # noqa: PLR2004 - too short
            return media.of_base64(text)
        if self._redact is not None:
            return self._redacted(text)
        self.text_length += len(text)
        return text

    def unchanged(self, value: Any, _depth: int) -> Any:
        """Return None or a bool as it is: neither needs redaction."""
        return value

    def number(self, value: float, _depth: int = 0) -> Any:
        """Return a number; one that JSON cannot represent becomes a string."""
        return plain_number(value) if self._redact is None else self._redacted(value)

    def _redacted(self, leaf: Any) -> Any:
        try:
            shown = self._redact(leaf, self._where)  # type: ignore[misc]
        except Exception as error:  # whatever the user's hook raises, the value must not be recorded
            raise RedactionFailedError from error
        # The hook's result may be any value, and is recorded without redacting it again.
        builder = JsonTreeBuilder(None, self._where, _MAX_REDACTED_NODES)
        tree = builder.build(shown)
        self.text_length += builder.text_length
        return tree

    def _key(self, key: Any) -> str:
        if type(key) is str:
            if self._redact is not None:
                shown = self._redacted(key)
                key = shown if isinstance(shown, str) else "[redacted]"
        else:
            key = self.build(key, _MAX_DEPTH - 1)
            key = key if isinstance(key, str) else str(key)
        self.text_length += len(key)
        return key if len(key) <= _MAX_KEY else f"{key[:_MAX_KEY]}…"

    def mapping(self, value: dict[Any, Any], depth: int) -> Any:
        """Return a dictionary with string keys."""
        shown = shown_of_call(value, self._hidden) if self._hidden else value
        return self._pairs(value, dict.__len__(shown), dict.items(shown), depth)

    def sequence(self, value: list[Any] | tuple[Any, ...], depth: int) -> Any:
        """Return a list."""
        return self._list(value, len(value), value, depth)

    def _pairs(self, owner: object, count: int, pairs: Iterable[tuple[Any, Any]], depth: int) -> Any:
        if (stop := self._enter(owner, depth)) is not None:
            return stop
        tree: dict[str, Any] = {}
        shown = 0
        try:
            # `list` copies in one C call, because another thread may be modifying the dictionary.
            for key, item in list(islice(pairs, self._left)):
                if self._left <= 0:
                    break
                self._left -= 1
                if not self._left % _NODES_PER_LOOK:
                    self._look_at_clock()
                shown += 1
                tree[self._key(key)] = self.build(item, depth + 1)
        finally:
            self._path.discard(id(owner))
        if shown < count:
            tree[OMITTED_KEY] = OmissionNote(count - shown)
        return tree

    def _list(self, owner: object, count: int, items: Iterable[Any], depth: int) -> Any:
        if (stop := self._enter(owner, depth)) is not None:
            return stop
        tree: list[Any] = []
        try:
            for item in list(islice(items, self._left)):
                if self._left <= 0:
                    break
                self._left -= 1
                if not self._left % _NODES_PER_LOOK:
                    self._look_at_clock()
                tree.append(self.build(item, depth + 1))
        finally:
            self._path.discard(id(owner))
        if len(tree) < count:
            tree.append(OmissionNote(count - len(tree)))
        return tree

    def _look_at_clock(self) -> None:
        """Have nothing more converted once the time is up, counted from the first look."""
        now = self._clock()
        if self._until is None:
            self._until = now + MAX_SECONDS
        elif now > self._until:
            self._left = 0

    def _enter(self, owner: object, depth: int) -> str | None:
        """Mark a container as being read, or return a placeholder if it is circular or nested too deep."""
        if id(owner) in self._path:
            return _CIRCULAR
        if depth >= _MAX_DEPTH:
            return _TOO_DEEP
        self._path.add(id(owner))
        return None

    def _build_foreign(self, value: Any, depth: int) -> Any:
        """Convert a value of any other type; one that cannot be read is represented by its type's name."""
        try:
            if is_message(value):
                return self.message(message_fields(value, self._left), depth)
            shown = scalar(value)
            return self.build(shown, depth) if shown is not None else self._build_object(value, depth)
        except RedactionFailedError:
            raise
        except Exception:  # noqa: BLE001 - a foreign object may raise anything; only its own value is lost
            return objects.type_name(type(value))

    def _build_object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if issubclass(kind, _BINARY):
            return media.of_bytes(value)
        if issubclass(kind, dict):
            return self.mapping(value, depth)
        fields = objects.fields(value, kind)
        if fields is not None:
            fields = shown_of_object(fields, self._hidden) if self._hidden else fields
            return self._pairs(value, len(fields), fields.items(), depth)
        for base in _SEQUENCES:
            if issubclass(kind, base):
                # The base class's own methods, because a subclass may override `__iter__`.
                return self._list(value, base.__len__(value), base.__iter__(value), depth)
        proxied = pairs_of(value)
        if proxied is None:
            return objects.type_name(kind)
        pairs = list(proxied)
        return self._pairs(value, len(pairs), pairs, depth)


_BINARY: Final = (bytes, bytearray, memoryview)
_SEQUENCES: Final[tuple[Any, ...]] = (list, tuple, set, frozenset, deque)
_EXACT: Final[Mapping[type, Callable[[JsonTreeBuilder, Any, int], Any]]] = {
    str: JsonTreeBuilder.text,
    OmissionNote: JsonTreeBuilder.unchanged,  # about blocks of content that were not even converted
    int: JsonTreeBuilder.number,
    float: JsonTreeBuilder.number,
    bool: JsonTreeBuilder.unchanged,
    type(None): JsonTreeBuilder.unchanged,
    dict: JsonTreeBuilder.mapping,
    list: JsonTreeBuilder.sequence,
    tuple: JsonTreeBuilder.sequence,
}
