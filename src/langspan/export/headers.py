"""The headers of the OTLP exporters, checked without a value of theirs in any message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from langspan.export.settings import Environ, Signal, first_set

# By RFC 9110, a token. gRPC allows fewer characters, and no upper case, but OpenTelemetry lowers it.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_GRPC_NAME: Final = re.compile(r"[0-9A-Za-z_.-]+")
# What OpenTelemetry's parser takes; it drops a header with another character, and logs it with its value.
_WRITTEN: Final = re.compile(r"[ !#-+\--:<-\[\]-~]*")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
_GRPC_VALUE: Final = re.compile(r"[ -~]*")


def check(environ: Environ, signal: Signal, *, grpc: bool) -> None:
    """Check the headers that are sent with each request of a signal.

    The stock exporters leave out what they cannot read, and log it with its value, or fail at each request.

    Args:
        environ: The environment.
        signal: The signal.
        grpc: Whether they are sent over gRPC, which takes fewer characters than HTTP.

    Raises:
        ValueError: A header is malformed. The message has the header's name, if it has one, and no value.
    """
    variable, value = first_set(environ, signal, "HEADERS")
    for problem in _problems(value or "", grpc=grpc):
        raise ValueError(f"{variable}=(hidden) {problem}; write it as 'name=value,other=value', URL-encoded")


def _problems(value: str, *, grpc: bool) -> Iterator[str]:
    for number, item in enumerate(value.split(","), 1):
        name, equals, written = (part.strip() for part in item.partition("="))
        name = unquote(name)
        if not item.strip():
            continue
        # What comes without an equals sign may be the rest of a value, so it is not quoted.
        if not equals or not _NAME.fullmatch(name):
            yield f"has no header name in part {number}"
        elif grpc and not _GRPC_NAME.fullmatch(name):
            yield f"has the header {name!r}, a name that gRPC does not allow"
        elif not _WRITTEN.fullmatch(written) or not _can_be_sent(name, unquote(written), grpc=grpc):
            yield f"has the header {name!r} with a character that cannot be sent"


def _can_be_sent(name: str, value: str, *, grpc: bool) -> bool:
    if grpc:
        return name.lower().endswith("-bin") or _GRPC_VALUE.fullmatch(value) is not None
    return _VALUE.fullmatch(value) is not None
