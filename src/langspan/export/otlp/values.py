"""Attribute values as `AnyValue`, and attributes as `KeyValue` fields.

What protobuf refuses is written as near to the truth as OTLP can say it: an integer beyond 64 bits as its digits, a
lone surrogate as U+FFFD. An attribute whose value has no encoding at all, because it is of a type that OTLP does not
know or is nested too deep for any receiver to parse, is left out and counted as dropped. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, Final

from langspan.export.otlp.wire import FRAME, frame, tag, utf8, varint

_STRING, _BOOL, _INT, _DOUBLE, _ARRAY, _MAP, _BYTES = b"\x0a", b"\x10", b"\x18", b"\x21", b"\x2a", b"\x32", b"\x3a"
_FALSE, _TRUE = _BOOL + b"\x00", _BOOL + b"\x01"
_ITEM: Final = b"\x0a"  # of an array or a map
_KEY, _VALUE = b"\x0a", b"\x12"
_pack_double: Final = Struct("<d").pack

_UINT64: Final = 2**64
_INT64_MAX: Final = 2**63 - 1
# Protobuf's parsers refuse more than 100 messages within each other; 7 are around the value of an event's attribute.
_MAX_DEPTH: Final = 93
_ARRAY_DEPTH, _MAP_DEPTH = 2, 3

_MAX_CACHED: Final = 2048
_MAX_CACHED_LENGTH: Final = 64


class UnencodableError(Exception):
    """OTLP has no encoding for a value."""


class AttributeEncoder:
    """Encodes the attributes of one kind of message.

    Keys repeat from span to span, and so do most short texts: names of models, providers, operations. Both are kept
    encoded, in dictionaries that are emptied when they are full. Threads may share an encoder: at worst two of them
    encode the same pair.

    Args:
        field: The number of the field `attributes` in the message.
    """

    def __init__(self, field: int) -> None:
        self._tag = tag(field, FRAME)
        self._keys: dict[str, bytes] = {}
        self._pairs: dict[tuple[str, str], bytes] = {}

    def append(self, parts: list[bytes], attributes: Mapping[str, Any] | None) -> int:
        """Encode attributes.

        Args:
            parts: Takes the encoded fields.
            attributes: An SDK's attributes.

        Returns:
            How many attributes have no encoding and were left out.
        """
        if not attributes:
            return 0
        left_out, pairs = 0, self._pairs
        for key, value in _as_dict(attributes).items():
            if type(value) is str and type(key) is str and len(value) <= _MAX_CACHED_LENGTH:
                known = pairs.get((key, value))
                parts.append(known or self._encode_pair(key, value))
                continue
            try:
                self._append_uncached(parts, key, value)
            except Exception:  # noqa: BLE001 - a value of the host's own class may raise anything
                left_out += 1
        return left_out

    def _append_uncached(self, parts: list[bytes], key: str, value: Any) -> None:
        start = self._keys.get(key) or self._encode_key(key)
        if type(value) is not str:
            inner = encode_value(value)
            rest = varint(len(inner)) + inner
            parts.append(self._tag + varint(len(start) + len(rest)) + start + rest)
            return
        # A long text is not copied more often than it has to be.
        text = utf8(value)
        head = _STRING + varint(len(text))
        size = varint(len(head) + len(text))
        parts.append(self._tag + varint(len(start) + len(size) + len(head) + len(text)) + start + size + head)
        parts.append(text)

    def _encode_pair(self, key: str, value: str) -> bytes:
        start = self._keys.get(key) or self._encode_key(key)
        encoded = frame(self._tag, start + _text_frame(value))
        if len(start) <= 2 * _MAX_CACHED_LENGTH:
            _remember(self._pairs, (key, value), encoded)
        return encoded

    def _encode_key(self, key: str) -> bytes:
        """Return the field `key`, and the tag of the value, which comes next."""
        encoded = frame(_KEY, utf8(key)) + _VALUE
        if len(encoded) <= 2 * _MAX_CACHED_LENGTH:
            _remember(self._keys, key, encoded)
        return encoded


def _as_dict(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    # Reading the SDK's mappings item by item takes two calls each; one copy is much quicker.
    copy = getattr(attributes, "copy", None)
    return attributes if copy is None else copy()  # type: ignore[no-any-return]


def _remember(cache: dict[Any, bytes], key: Any, encoded: bytes) -> None:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = encoded


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


def _text_frame(value: str) -> bytes:
    text = _text(value)
    return varint(len(text)) + text


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
