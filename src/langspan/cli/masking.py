"""Environment variables without the secrets in their values. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

_HIDDEN: Final = "(hidden)"
_SHORTEST_SECRET: Final = 4
_SECRET: Final = re.compile(r"key|token|secret|passw|auth|credential|cookie|session", re.IGNORECASE)


def masked(name: str, value: str) -> str:
    """Hide what may be secret: header values, anything named like a key or token, credentials in URLs.

    Args:
        name: The name of the variable, which decides how its value is parsed.
        value: The value of the variable.

    Returns:
        Text for the terminal, with names but without secrets.
    """
    if name.endswith("_HEADERS"):
        return _mask_pairs(value, secret=re.compile(""))
    if _SECRET.search(name):
        return _HIDDEN if value else ""
    if name == "OTEL_RESOURCE_ATTRIBUTES":
        return _mask_pairs(value, secret=_SECRET)
    return without_credentials(value) if name.endswith("_ENDPOINT") or "://" in value else value


def without_credentials(url: str) -> str:
    """Remove user, password, query and fragment from a URL, since any of them may be secret."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
    except ValueError:
        return _HIDDEN
    return (
        parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        .geturl()
        .removeprefix("//")
    )


def without_header_values(text: str, environ: Mapping[str, str]) -> str:
    """Hide the header values that an error message quotes, whether raw, decoded or escaped."""
    headers = ",".join(value for name, value in environ.items() if name.endswith("_HEADERS"))
    for pair in headers.split(","):
        secret = pair.partition("=")[2].strip()
        plain = unquote(secret)
        for form in (secret, plain, repr(plain)[1:-1]):
            if len(form) >= _SHORTEST_SECRET:
                text = text.replace(form, _HIDDEN)
    return text


def _mask_pairs(value: str, *, secret: re.Pattern[str]) -> str:
    """Mask a list of `name=value` pairs; an item without a name is hidden completely."""
    return ",".join(_mask_pair(pair, secret) for pair in value.split(",") if pair.strip())


def _mask_pair(pair: str, secret: re.Pattern[str]) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return _HIDDEN
    return f"{name}={_HIDDEN if secret.search(name) else value}"
