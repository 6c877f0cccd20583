"""Addresses of people and of machines: e-mail and IP."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

_EMAIL: Final = "[email]"
_IP: Final = "[ip]"

# The sign, also as URLs and JSON texts write it.
_AT: Final = re.compile(r"@|%40|\\u0040")
_MAX_LOCAL: Final = 64  # characters before the sign: RFC 5321
# Read backwards from the sign. What ends an address in prose, JSON or a URL is not part of it.
_LOCAL_BACKWARDS: Final = re.compile(r"""[^\s@<>()\[\]{},;:"'`\\/|=?&%]{1,64}+""")
_DOMAIN: Final = re.compile(r"(?:[\w-]{1,63}+\.){1,8}+")
_TOP_LEVEL: Final = re.compile(r"(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,63})+", re.IGNORECASE)

_IPV4: Final = re.compile(
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)", re.ASCII
)
# As many as belong together; whether they are an address is for Python to say.
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,}+(?:(?:\.[0-9]{1,3}){3})?(?!\w)", re.ASCII)
_MAX_IPV6: Final = 45


def emails(value: Any, _where: str = "") -> Any:
    """Write `[email]` for every e-mail address.

    Args:
        value: A captured value; anything but a text is returned unchanged.
        where: What it is part of; makes no difference.
    """
    if not isinstance(value, str) or _AT.search(value) is None:
        return value
    kept, done = [], 0
    for sign in _AT.finditer(value):
        start, end = _start_of_email(value, sign.start(), done), _end_of_email(value, sign.end())
        if start is not None and end is not None:
            kept += [value[done:start], _EMAIL]
            done = end
    return "".join([*kept, value[done:]])


def _start_of_email(text: str, sign: int, least: int) -> int | None:
    before = text[max(sign - _MAX_LOCAL, least) : sign]
    local = _LOCAL_BACKWARDS.match(before[::-1])
    return None if local is None else sign - local.end()


def _end_of_email(text: str, start: int) -> int | None:
    """Return where the domain that begins here ends; None if there is none."""
    labels = _DOMAIN.match(text, start)
    if labels is None:
        return None
    end = labels.end()
    top_level = _TOP_LEVEL.match(text, end)
    if top_level is not None:
        return top_level.end()
    # The point ended a sentence, or a number follows: the label before may be the top level.
    before = text[start : end - 1]
    last = before.rpartition(".")[2]
    return end - 1 if "." in before and _TOP_LEVEL.fullmatch(last) else None


def ips(value: Any, _where: str = "") -> Any:
    """Write `[ip]` for every address of the Internet Protocol, version 4 or 6.

    Args:
        value: A captured value; anything but a text is returned unchanged.
        where: What it is part of; makes no difference.
    """
    if not isinstance(value, str):
        return value
    if ":" in value:  # first, because one may end as the other looks
        value = _IPV6.sub(_ipv6, value)
    return _IPV4.sub(_IP, value) if "." in value else value


def _ipv6(found: re.Match[str]) -> str:
    text = found[0]
    address = text[:-1] if text.endswith(":") and not text.endswith("::") else text
    # `a::b` is also how programs write names.
    looks_like_one = len(address) <= _MAX_IPV6 and (
        address.count(":") > 2 or ("::" in address and any(map(str.isdigit, address)))  # noqa: PLR2004
    )
    if not looks_like_one:
        return text
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return text
    return _IP + text[len(address) :]
