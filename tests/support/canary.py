"""Texts that must not get out: one for each field that a user can fill, found again in any exported byte."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

_CORE = "zqcanary"
_MARK = re.compile(rb"zqcanary\.([a-z0-9_]+)\.zq", re.IGNORECASE)
MASK = "[masked]"
NUMBER = 4_242_424_242_424_242
"""What a text is for texts, for numbers: it is found as the field "number"."""


def canary(field: str) -> str:
    """The text for a field. It is the same in a URL, in JSON and in a header."""
    return f"{_CORE}.{field}.zq"


def _disguises() -> Iterable[bytes]:
    """What is always in the core's encoded forms, wherever in a longer text it stands."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + _CORE.encode())
        # The characters at both ends depend on the neighbours.
        yield encoded[(0, 2, 3)[offset] : -4 if (offset + len(_CORE)) % 3 else None]
    yield _CORE.encode().hex().encode()
    yield _CORE.encode("utf-16-le")


DISGUISES = tuple(_disguises())


def sighted(data: bytes) -> set[str]:
    """The fields whose text is somewhere in the bytes; "disguised" for one in an encoded form."""
    found = {name.decode() for name in _MARK.findall(data)}
    lower = data.lower()
    if str(NUMBER).encode() in data:
        found.add("number")
    if any(form in data for form in DISGUISES):
        found.add("disguised")
    if not found and _CORE.encode() in lower:
        found.add("cut")
    return found


def masked(value: object, _where: str) -> object:
    """A user's hook that hides everything."""
    return MASK


def unmasked(value: object, _where: str) -> object:
    """A user's hook that hides nothing."""
    return value


class HookError(Exception):
    """What a user's hook raises."""


def failing(value: object, _where: str) -> object:
    """A user's hook that cannot cope with what it is given."""
    raise HookError(canary("hook"))
