"""Binary data by reference: its MIME type, its size and the start of its SHA-256, never the bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any, Final, TypeAlias

from langspan._reading import is_text

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\r\n"
_SAMPLE: Final = 256  # leading characters checked first: they rule out most long texts
_MIN_LENGTH: Final = 512  # characters; shorter texts are not taken for base64: ids and keys look like it
_DIGEST_DIGITS: Final = 16  # hexadecimal digits kept
_MIME_TYPE: Final = re.compile(r"[\w.+-]{1,63}/[\w.+*-]{1,127}", re.ASCII)

Reference: TypeAlias = dict[str, str | int]


def of_bytes(data: bytes | bytearray | memoryview, mime_type: str | None = None) -> Reference:
    """Return a reference to raw bytes.

    Args:
        data: The bytes.
        mime_type: Their MIME type, if known.

    Returns:
        `size` in bytes, the first digits of `sha256`, and `mime_type` if known.
    """
    reference: Reference = {} if mime_type is None else {"mime_type": mime_type}
    data = _plain(data)
    reference["size"] = data.nbytes if type(data) is memoryview else len(data)
    reference["sha256"] = hashlib.sha256(data).hexdigest()[:_DIGEST_DIGITS]
    return reference


def _plain(data: Any) -> bytes | bytearray | memoryview:
    """Return data of an exact type and in one piece: a subclass may have a length and a buffer of its own."""
    if type(data) is memoryview:
        return data if data.c_contiguous else data.tobytes()
    for base in (bytes, bytearray):
        if type(data) is not base and issubclass(type(data), base):
            data = base.__getitem__(data, slice(None))
    plain: bytes | bytearray | memoryview = data
    return plain


def of_base64(text: str, mime_type: str | None = None) -> Reference:
    """Return a reference to the bytes in a base64 text, or to the text itself if it does not decode.

    Args:
        text: The base64 text, or a data URL, whose own MIME type takes precedence.
        mime_type: The MIME type, if known.
    """
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        mime_type = as_mime_type(head[5:]) or mime_type
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = text.encode(errors="replace")
    return of_bytes(data, mime_type)


def as_mime_type(value: object) -> str | None:
    """Return a MIME type without its parameters; None for anything that is not a valid MIME type.

    It is recorded unredacted, so it must not carry any other text of the application.
    """
    kind = str.__str__(value).partition(";")[0].strip() if is_text(value) else ""
    return kind if _MIME_TYPE.fullmatch(kind) else None


def is_data_url(text: str) -> bool:
    """Return whether a text is a data URL with base64 data."""
    return text.startswith("data:") and ";base64," in text[:_SAMPLE]


def is_base64(text: str) -> bool:
    """Return whether a long text looks like base64: only its alphabet, with digits and both cases."""
    if len(text) < _MIN_LENGTH or not text.isascii():
        return False
    sample = text[:_SAMPLE]
    return not _foreign(sample) and _is_mixed(sample) and not _foreign(text)


def _foreign(text: str) -> bytes:
    """Return what of a text in ASCII is not in the alphabet; `str.strip` would take ten times as long."""
    return text.encode().translate(None, _ALPHABET)


def _is_mixed(sample: str) -> bool:
    return sample.lower() != sample != sample.upper() and any(digit in sample for digit in "0123456789")
