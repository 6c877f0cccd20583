"""The lines of a file or of standard input, one at a time, each of a bounded length."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, Protocol

from langspan.cli.terminal import CliError

MAX_LINE_BYTES: Final = 32 * 1024 * 1024
"""The longest line that is read, nine times the largest request that langspan sends by default."""

# Not to wait for somebody who writes to a pipe.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CHUNK: Final = 1024 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Readable(Protocol):
    """All that is needed of a stream."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, none at the end."""
        ...


@contextmanager
def opened(source: str) -> Iterator[BinaryIO]:
    """Open a regular file, or take standard input for `-`.

    Raises:
        CliError: The file cannot be opened, or is none: a pipe would block, and a device may never end.
    """
    if source == "-":
        yield sys.stdin.buffer
        return
    with open(_open_regular(source), "rb") as file:
        yield file


def _open_regular(source: str) -> int:
    try:
        descriptor = os.open(source, _FLAGS)
    except (OSError, ValueError) as error:
        raise CliError(getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CliError("no regular file; what comes through a pipe is read with: view -")
    return descriptor


class Lines:
    """The lines of a stream, without their line feeds.

    Args:
        stream: The stream. Not split at other line separators, which JSON strings may contain unescaped.
        limit: The longest line, in bytes.
    """

    def __init__(self, stream: Readable, limit: int = MAX_LINE_BYTES) -> None:
        self._stream = stream
        self._limit = limit
        self._buffer = bytearray()
        self._ended = False
        self._number = 0
        while len(self._buffer) < len(_BYTE_ORDER_MARK) and not self._ended:
            self._fill()
        if self._buffer.startswith(_BYTE_ORDER_MARK):
            del self._buffer[: len(_BYTE_ORDER_MARK)]

    def __iter__(self) -> Iterator[tuple[int, bytes, bool]]:
        """Yield the number of each line, the line, and whether a line feed ends it.

        Raises:
            CliError: A line is too long, or cannot be read.
        """
        while (end := self._find_end()) is not None:
            self._number += 1
            line = bytes(self._buffer[:end])
            whole = end < len(self._buffer)
            del self._buffer[: end + 1]
            yield self._number, line, whole

    def rest(self) -> bytes | None:
        """Return all that is left, without taking it, or None if that is more than one line may have."""
        while not self._ended and len(self._buffer) <= self._limit:
            self._fill()
        return bytes(self._buffer) if self._ended and len(self._buffer) <= self._limit else None

    def _find_end(self) -> int | None:
        """Return where the next line ends, or None if there is none."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0 and not self._ended:
            searched = len(self._buffer)
            if searched > self._limit:
                break
            self._fill()
        end = len(self._buffer) if end < 0 else end
        if end > self._limit:
            limit = self._limit // (1024 * 1024)
            raise CliError(f"line {self._number + 1} is longer than {limit} MiB, the longest that is read")
        return end if self._buffer else None

    def _fill(self) -> None:
        try:
            chunk = self._stream.read(_CHUNK)
        except OSError as error:
            raise CliError(error.strerror or str(error)) from error
        self._buffer += chunk
        self._ended = not chunk
