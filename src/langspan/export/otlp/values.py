"""Attribute values as `AnyValue`, and attributes as `KeyValue` fields.

A value that protobuf refuses never costs its span. An integer beyond 64 bits becomes a text with its digits,
a lone surrogate U+FFFD. An attribute of a type that OTLP does not have, or nested deeper than receivers
parse, is left out and counted as dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple

from langspan.export.otlp.wire import FRAME, frame, tag, utf8, varint

# Fields of an `AnyValue`, and of what is inside it.
_STRING, _BOOL, _INT, _DOUBLE = b"\x0a", b"\x10", b"\x18", b"\x21"
_ARRAY, _MAP, _BYTES = b"\x2a", b"\x32", b"\x3a"
_ITEM, _KEY, _VALUE = b"\x0a", b"\x0a", b"\x12"
_FALSE, _TRUE = _BOOL + b"\x00", _BOOL + b"\x01"
_pack_double: Final = Struct("<d").pack

# What is kept encoded: characters of a text, values of a key, and keys and values altogether.
_MAX_LENGTH, _MAX_VALUES, _MAX_KEPT = 64, 64, 4096

# Values with their length in front, as in an attribute; of short texts only what is in front.
_FRAMED_DOUBLE, _pack_framed_double = b"\x09" + _DOUBLE, Struct("<2sd").pack
_SMALL_INTS: Final = tuple(frame(b"", _INT + varint(number)) for number in range(1024))
_SHORT_TEXTS: Final = tuple(bytes([n + 2]) + _STRING + bytes([n]) for n in range(_MAX_LENGTH + 1))

_UINT64: Final = 2**64
_INT64_MAX: Final = 2**63 - 1
# Protobuf's parsers refuse more than 100 nested messages; 7 are around the value of an event's attribute.
_MAX_DEPTH: Final = 93
_ARRAY_DEPTH, _MAP_DEPTH = 2, 3


class UnencodableError(Exception):
    """OTLP has no encoding for a value."""


class _Key(NamedTuple):
    """A key that was seen.

    Attributes:
        start: The field `key`, and the tag of the field `value`.
        encoded: Whole attributes by their value; None for a key with too many values.
    """

    start: bytes
    encoded: dict[str | tuple[str], bytes] | None


class AttributeEncoder:
    """Encodes the attributes of one kind of message.

    Keys repeat from span to span, and so do most short texts: names of models, providers, operations. Both
    are kept encoded, within bounds. The values of a key with many, such as an id, are not kept. Threads may
    share an encoder: at worst two of them encode the same attribute.

    Args:
        field: The number of the field `attributes` in the message.
    """

    def __init__(self, field: int) -> None:
        self._tag = tag(field, FRAME)
        self._keys: dict[str, _Key] = {}
        self._kept = 0

    def append(self, parts: list[bytes], attributes: Mapping[str, Any] | None) -> int:
        """Encode attributes.

        Args:
            parts: Takes the encoded fields.
            attributes: The attributes of an SDK object.

        Returns:
            How many attributes have no encoding and were left out.
        """
        left_out, keys = 0, self._keys
        for key, value in _as_dict(attributes).items():
            kind = type(value)
            try:
                start, encoded = keys.get(key) or self._add_key(key)
                if (kind is str and len(value) <= _MAX_LENGTH) or (
                    kind is tuple and _is_one_short_text(value)
                ):
                    if encoded is not None:
                        parts.append(encoded.get(value) or self._add_value(key, value))
                        continue
                    framed = _frame_short_text(value) if kind is str else _framed(encode_value(value))
                elif kind is int and 0 <= value < len(_SMALL_INTS):
                    framed = _SMALL_INTS[value]
                elif kind is float:
                    framed = _pack_framed_double(_FRAMED_DOUBLE, value)
                elif kind is str:
                    self._append_long_text(parts, start, value)
                    continue
                else:
                    framed = _framed(encode_value(value))
                parts += (self._tag, varint(len(start) + len(framed)), start, framed)
            except Exception:  # noqa: BLE001 - a value of the host's own class may raise anything
                left_out += 1
        return left_out

    def _append_long_text(self, parts: list[bytes], start: bytes, value: str) -> None:
        """Append an attribute whose text is copied no more often than it has to be."""
        text = utf8(value)
        head = _STRING + varint(len(text))
        size = varint(len(head) + len(text))
        length = len(start) + len(size) + len(head) + len(text)
        parts += (self._tag, varint(length), start, size, head, text)

    def _add_key(self, key: str) -> _Key:
        added = _Key(frame(_KEY, utf8(key)) + _VALUE, {})
        if len(key) <= _MAX_LENGTH:
            self._make_room()
            self._keys[key] = added
        return added

    def _add_value(self, key: str, value: str | tuple[str]) -> bytes:
        start, encoded = self._keys.get(key) or self._add_key(key)
        attribute = frame(self._tag, start + _framed(encode_value(value)))
        if encoded is None:
            return attribute
        if len(encoded) < _MAX_VALUES:
            self._make_room()
            encoded[value] = attribute
        else:
            self._keys[key] = _Key(start, None)
        return attribute

    def _make_room(self) -> None:
        self._kept += 1
        if self._kept > _MAX_KEPT:
            self._keys.clear()
            self._kept = 1


def _as_dict(attributes: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if attributes is None:
        return {}
    # Reading the SDK's mappings item by item takes two calls each; one copy is much quicker.
    copy = getattr(attributes, "copy", None)
    return attributes if copy is None else copy()


def _is_one_short_text(value: tuple[Any, ...]) -> bool:
    # Such as the reason why a model finished.
    return len(value) == 1 and type(value[0]) is str and len(value[0]) <= _MAX_LENGTH


def _frame_short_text(value: str) -> bytes:
    text = utf8(value)
    return _SHORT_TEXTS[len(text)] + text if len(text) <= _MAX_LENGTH else _framed(frame(_STRING, text))


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
