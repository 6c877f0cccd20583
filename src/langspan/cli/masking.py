"""Show a variable of the environment without the secrets in it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIDDEN = "(hidden)"
_SHORTEST_SECRET = 4
_SECRET = re.compile(r"key|token|secret|passw|auth|credential|cookie|session", re.IGNORECASE)


def masked(name: str, value: str) -> str:
    """Hide what may be secret: header values, anything called key or token, passwords in addresses.

    Args:
        name: Name of the variable; it decides how the value is read.
        value: The value as it is set.

    Returns:
        Text for the terminal, in which names stay and secrets do not.
    """
    if name.endswith("_HEADERS"):
        return _pairs(value, secret=re.compile(""))
    if _SECRET.search(name):
        return _HIDDEN if value else ""
    if name == "OTEL_RESOURCE_ATTRIBUTES":
        return _pairs(value, secret=_SECRET)
    return without_login(value) if name.endswith("_ENDPOINT") or "://" in value else value


def without_login(url: str) -> str:
    """Leave user, password, query and fragment out of an address; any of them may be a secret."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
    except ValueError:
        return _HIDDEN
    return (
        parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        .geturl()
        .removeprefix("//")
    )


def scrubbed(text: str, environ: Mapping[str, str]) -> str:
    """Hide header values that an error message quotes, as they are set, decoded or escaped."""
    headers = ",".join(value for name, value in environ.items() if name.endswith("_HEADERS"))
    for pair in headers.split(","):
        secret = pair.partition("=")[2].strip()
        plain = unquote(secret)
        for form in (secret, plain, repr(plain)[1:-1]):
            if len(form) >= _SHORTEST_SECRET:
                text = text.replace(form, _HIDDEN)
    return text


def _pairs(value: str, *, secret: re.Pattern[str]) -> str:
    """Mask a list of `name=value`; what has no name is hidden whole."""
    return ",".join(_pair(pair, secret) for pair in value.split(",") if pair.strip())


def _pair(pair: str, secret: re.Pattern[str]) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return _HIDDEN
    return f"{name}={_HIDDEN if secret.search(name) else value}"
