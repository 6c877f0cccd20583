"""Attribute values as `AnyValue`, and attributes as `KeyValue` fields.

A value that protobuf refuses never costs its span. An integer beyond 64 bits becomes a text with its digits,
a lone surrogate U+FFFD. An attribute of a type that OTLP does not have, or nested deeper than receivers
parse, is left out and counted as dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Any, Final

from langspan.export.otlp.wire import FRAME, frame, tag, utf8, varint

# Fields of an `AnyValue`, and of what is inside it.
_STRING, _BOOL, _INT, _DOUBLE = b"\x0a", b"\x10", b"\x18", b"\x21"
_ARRAY, _MAP, _BYTES = b"\x2a", b"\x32", b"\x3a"
_ITEM, _KEY, _VALUE = b"\x0a", b"\x0a", b"\x12"
_FALSE, _TRUE = _BOOL + b"\x00", _BOOL + b"\x01"
_pack_double: Final = Struct("<d").pack

# What is kept encoded: keys, values of each, characters of either.
_MAX_KEYS, _MAX_VALUES, _MAX_LENGTH = 256, 32, 64


def _start_text(size: int) -> bytes:
    """Return what is in front of a text, with the length of the value that it is in."""
    start = _STRING + varint(size)
    return varint(len(start) + size) + start


# Values with their length in front, as in an attribute; of short texts only what is in front.
_FRAMED_DOUBLE, _pack_framed_double = b"\x09" + _DOUBLE, Struct("<2sd").pack
_FRAMED_DOUBLE_SIZE: Final = 10
_SMALL_INT_COUNT, _TWO_BYTES = 1024, 1 << 14
_SMALL_INTS: Final = tuple(frame(b"", _INT + varint(number)) for number in range(_SMALL_INT_COUNT))
_SHORT_TEXTS: Final = tuple(_start_text(size) for size in range(4 * _MAX_LENGTH + 1))

_UINT64: Final = 2**64
_INT64_MAX: Final = 2**63 - 1
# Protobuf's parsers refuse more than 100 nested messages; 7 are around the value of an event's attribute.
_MAX_DEPTH: Final = 93
_ARRAY_DEPTH, _MAP_DEPTH = 2, 3


class UnencodableError(Exception):
    """OTLP has no encoding for a value."""


class _Heads(dict[int, bytes]):
    """What attributes of one key start with, by the size of the rest, for values of limited size."""

    def __init__(self, start: bytes, key: str) -> None:
        super().__init__()
        self._tag = start
        self._key = frame(_KEY, utf8(key)) + _VALUE

    def __missing__(self, size: int) -> bytes:
        head = self[size] = self.make(size)
        return head

    def make(self, size: int) -> bytes:
        """Return the tag, the length, the key, and the tag of the value."""
        return self._tag + varint(len(self._key) + size) + self._key


class _Attributes(dict[str | tuple[str], bytes]):
    """The first few attributes of one key, whole, by their value: short texts, alone or in a tuple.

    Most keys have few values, and all of them are kept. Once there are many, as of an id, further ones are
    encoded each time.
    """

    def __init__(self, start: bytes, key: str) -> None:
        super().__init__()
        self.heads = _Heads(start, key)

    def __missing__(self, value: str | tuple[str]) -> bytes:
        if type(value) is str:
            text = utf8(value)
            framed = _SHORT_TEXTS[len(text)] + text
        else:
            framed = _framed(encode_value(value))
        attribute = self.heads[len(framed)] + framed
        if len(self) < _MAX_VALUES:
            self[value] = attribute
        return attribute

    def append_any(self, parts: list[bytes], value: object) -> None:
        """Encode an attribute; a long text is copied no more often than it has to be."""
        if type(value) is not str:
            framed = _framed(encode_value(value))
            parts += (self.heads.make(len(framed)), framed)
            return
        text = utf8(value)
        start = _start_text(len(text))
        parts += (self.heads.make(len(start) + len(text)), start, text)


class AttributeEncoder(dict[str, _Attributes]):
    """Encodes the attributes of one kind of message.

    Keys repeat from span to span, and so do most short texts: names of models, providers, operations. Both
    are kept encoded, within bounds. Threads may share an encoder: at worst two of them encode the same.

    Args:
        field: The number of the field `attributes` in the message.
    """

    def __init__(self, field: int) -> None:
        super().__init__()
        self._tag = tag(field, FRAME)

    def __missing__(self, key: str) -> _Attributes:
        attributes = _Attributes(self._tag, key)
        if len(key) <= _MAX_LENGTH:
            if len(self) >= _MAX_KEYS:
                self.clear()
            self[key] = attributes
        return attributes

    def append(self, parts: list[bytes], attributes: Mapping[str, Any] | None) -> int:
        """Encode attributes.

        Args:
            parts: Takes the encoded fields.
            attributes: The attributes of an SDK object.

        Returns:
            How many attributes have no encoding and were left out.
        """
        left_out = 0
        for key, value in _items(attributes):
            kind = type(value)
            try:
                of_key = self[key]
                if kind is str and len(value) <= _MAX_LENGTH:
                    parts.append(of_key[value])
                elif kind is int and 0 <= value < _TWO_BYTES:
                    framed = _SMALL_INTS[value] if value < _SMALL_INT_COUNT else _frame_int(value)
                    parts.append(of_key.heads[len(framed)] + framed)
                elif kind is float:
                    parts.append(
                        of_key.heads[_FRAMED_DOUBLE_SIZE] + _pack_framed_double(_FRAMED_DOUBLE, value)
                    )
                elif kind is tuple and _is_one_short_text(value):
                    parts.append(of_key[value])
                else:
                    of_key.append_any(parts, value)
            except Exception:  # noqa: BLE001 - a value of the host's own class may raise anything
                left_out += 1
        return left_out


def _items(attributes: Mapping[str, Any] | None) -> Iterable[tuple[str, Any]]:
    if attributes is None:
        return ()
    # Reading the SDK's mappings item by item takes two calls each; one copy is much quicker.
    copy = getattr(attributes, "copy", None)
    found = attributes if copy is None else copy()
    return found.items()


def _is_one_short_text(value: tuple[Any, ...]) -> bool:
    # Such as the reason why a model finished.
    return len(value) == 1 and type(value[0]) is str and len(value[0]) <= _MAX_LENGTH


def _framed(value: bytes) -> bytes:
    return varint(len(value)) + value


def encode_value(value: Any, depth: int = _MAX_DEPTH) -> bytes:
    """Return the body of an `AnyValue`.

    Args:
        value: A text, a boolean, a number, bytes, None, or a sequence or mapping of such.
        depth: How many messages may be nested in this one.

    Raises:
        UnencodableError: The value, or one in it, is of another type, or it is nested too deep.
    """
    if type(value) is str:
        return _text(value)
    if type(value) is int:
        return _encode_int(value)
    if type(value) is tuple or type(value) is list:
        return _encode_array(value, depth)
    return _encode_any(value, depth)


def _encode_any(value: Any, depth: int) -> bytes:  # noqa: PLR0911 - one for each type
    # In the stock encoder's order, which decides what a subclass of two types counts as.
    if value is None:
        return b""
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _encode_int(int.__int__(value))
    if isinstance(value, float):
        return _DOUBLE + _pack_double(value)
    if isinstance(value, bytes):
        return frame(_BYTES, value)
    if isinstance(value, Sequence):
        return _encode_array(value, depth)
    if isinstance(value, Mapping):
        return _encode_map(value, depth)
    raise UnencodableError(type(value).__qualname__)


def _text(value: str) -> bytes:
    return frame(_STRING, utf8(value))


def _encode_int(value: int) -> bytes:
    if 0 <= value <= _INT64_MAX:
        return _INT + varint(value)
    if -_INT64_MAX - 1 <= value < 0:
        return _INT + varint(value + _UINT64)
    try:
        return _text(str(value))
    except ValueError:  # more digits than Python converts
        return _text(hex(value))


def _frame_int(value: int) -> bytes:
    """Return an integer of two bytes, with the length of the value that it is in: most counts of tokens."""
    return bytes((3, _INT[0], value & 0x7F | 0x80, value >> 7))


def _encode_array(value: Sequence[Any], depth: int) -> bytes:
    if (depth := depth - _ARRAY_DEPTH) < 0:
        raise UnencodableError("nested too deep")
    return frame(_ARRAY, b"".join([frame(_ITEM, encode_value(item, depth)) for item in value]))


def _encode_map(value: Mapping[Any, Any], depth: int) -> bytes:
    if (depth := depth - _MAP_DEPTH) < 0:
        raise UnencodableError("nested too deep")
    pairs = [
        frame(_ITEM, frame(_KEY, utf8(str(key))) + frame(_VALUE, encode_value(item, depth)))
        for key, item in value.items()
    ]
    return frame(_MAP, b"".join(pairs))
