"""Binary data by reference: what it is, how long it is, and the start of its SHA-256; never the bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\r\n"
_SAMPLE: Final = 256  # characters that decide whether a long text can be base64 at all
_MIN_LENGTH: Final = 512  # below this a text is left alone: ids and keys may look like base64
_DIGEST_DIGITS: Final = 16  # hexadecimal digits kept
_MIME_TYPE: Final = re.compile(r"[\w.+-]{1,63}/[\w.+*-]{1,127}", re.ASCII)

Reference = dict[str, str | int]


def of_bytes(data: bytes | bytearray | memoryview, mime_type: str | None = None) -> Reference:
    """Describe raw bytes.

    Args:
        data: The bytes.
        mime_type: What they are, if known.
    """
    reference: Reference = {} if mime_type is None else {"mime_type": mime_type}
    reference["size"] = data.nbytes if isinstance(data, memoryview) else len(data)
    if isinstance(data, memoryview) and not data.c_contiguous:
        data = data.tobytes()
    reference["sha256"] = hashlib.sha256(data).hexdigest()[:_DIGEST_DIGITS]
    return reference


def of_base64(text: str, mime_type: str | None = None) -> Reference:
    """Describe what a base64 text stands for; a text that does not decode is described as it is.

    Args:
        text: The base64 text, or a data URL (which also tells the MIME type).
        mime_type: What it is, if known.
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
    """Return a MIME type without its parameters; None for whatever else is said to be one.

    It is recorded beside the data as it is, so nothing that the application wrote may hide in it.
    """
    kind = value.partition(";")[0].strip() if isinstance(value, str) else ""
    return kind if _MIME_TYPE.fullmatch(kind) else None


def is_data_url(text: str) -> bool:
    """Tell whether a text is a data URL that carries its data as base64."""
    return text.startswith("data:") and ";base64," in text[:_SAMPLE]


def is_base64(text: str) -> bool:
    """Tell whether a long text is base64: nothing but its alphabet, and a good mix of it."""
    if len(text) < _MIN_LENGTH or not text.isascii():
        return False
    sample = text[:_SAMPLE]
    if sample.strip(_ALPHABET) or not _is_mixed(sample):
        return False
    return not text.strip(_ALPHABET)


def _is_mixed(sample: str) -> bool:
    return sample.lower() != sample != sample.upper() and any(digit in sample for digit in "0123456789")
