"""The protobuf wire format: varints, tags, and frames, which are fields that start with their length."""

from __future__ import annotations

from typing import Any, Final

VARINT, FIXED64, FRAME, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_MAX_KEPT, _MAX_KEPT_LENGTH = 512, 128
_SEVEN_BITS: Final = 0x7F
_UINT32: Final = 2**32 - 1
_UINT64: Final = 2**64 - 1
_UINT128: Final = 2**128 - 1


def _encode_varint(number: int) -> bytes:
    data = bytearray()
    while number > _SEVEN_BITS:
        data.append(number & _SEVEN_BITS | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


_SMALL_COUNT: Final = 1024
_SMALL: Final = tuple(_encode_varint(number) for number in range(_SMALL_COUNT))


def varint(number: int) -> bytes:
    """Return a non-negative integer as a varint."""
    return _SMALL[number] if number < _SMALL_COUNT else _encode_varint(number)


def tag(field: int, wire_type: int) -> bytes:
    """Return what a field starts with.

    Args:
        field: The field's number.
        wire_type: One of the constants of this module.
    """
    return _encode_varint(field << 3 | wire_type)


def frame(start: bytes, body: bytes) -> bytes:
    """Return a field with a length.

    Args:
        start: Its tag.
        body: The content: an encoded message, UTF-8 or bytes.
    """
    return start + varint(len(body)) + body


def frame_size(size: int) -> int:
    """Return the size of a field with a one-byte tag whose content has `size` bytes."""
    return 1 + len(varint(size)) + size


def utf8(text: Any) -> bytes:
    """Return a text as UTF-8. Lone surrogates become U+FFFD; what is no text at all becomes empty.

    Protobuf refuses lone surrogates, and what refuses a name refuses the whole request.
    """
    try:
        return str.encode(text)
    except TypeError:
        return b""
    except UnicodeEncodeError:
        # By way of UTF-16, so that the two halves of a character that was cut become one again.
        whole = str.encode(text, "utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.encode()


def text_field(start: bytes, text: object) -> bytes:
    """Return a field with a text; nothing if the text is empty or none."""
    return frame(start, utf8(text)) if text else b""


class TextFields(dict[str, bytes]):
    """Fields with a text, by the text. Short ones are kept encoded, within bounds: names repeat.

    Args:
        start: The tag of the field.
    """

    def __init__(self, start: bytes) -> None:
        super().__init__()
        self._start = start

    def __missing__(self, text: str) -> bytes:
        encoded = text_field(self._start, text)
        if len(encoded) <= _MAX_KEPT_LENGTH:
            if len(self) >= _MAX_KEPT:
                self.clear()
            self[text] = encoded
        return encoded


def uint32_field(start: bytes, number: object) -> bytes:
    """Return a field with a count as a varint; nothing if it is 0 or no integer. Too large a count is cut."""
    if not number or not isinstance(number, int) or number < 0:
        return b""
    return start + varint(min(number, _UINT32))


def fixed64(number: object) -> int:
    """Return an integer as it fits a field of 64 bits without sign; 0 for what does not fit."""
    if isinstance(number, int) and 0 <= number <= _UINT64:
        return number
    return 0


def trace_id(number: int) -> bytes:
    """Return the 16 bytes of a trace id."""
    return (number & _UINT128).to_bytes(16, "big")


def span_id(number: int) -> bytes:
    """Return the 8 bytes of a span id."""
    return (number & _UINT64).to_bytes(8, "big")
