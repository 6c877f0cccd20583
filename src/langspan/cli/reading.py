"""The spans of a source, whatever format it is in: OTLP as JSON lines or binary, or Jaeger's JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from langspan.cli import protobuf
from langspan.cli.lines import Lines, Readable, opened
from langspan.cli.otlp import kept_rows, read_lines
from langspan.cli.rows import SpanRow

_HEAD: Final = 4096


def read(
    source: str, warn: Callable[[str], None], keep: Callable[[str], bool] = bool, *, full: bool = False
) -> list[SpanRow]:
    """Read the spans of a file or, for `-`, of standard input.

    Args:
        source: The path.
        warn: Called with a message for each line that is cut off, as after a crash, and skipped.
        keep: Tells by its trace id whether a span is wanted; by default, if it has one.
        full: Whether to keep long texts and lists.

    Raises:
        CliError: It cannot be read, or is in none of the formats; the message says where and why.
    """
    return kept_rows(read_items(source, warn), keep, full=full)


def read_items(source: str, warn: Callable[[str], None]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the number of each line or request of a source, and what it holds as OTLP JSON; as for `read`."""
    with opened(source) as stream:
        head = stream.read(_HEAD)
        rest = _Rewound(head, stream)
        if head and protobuf.is_protobuf(head):
            yield from protobuf.requests(rest)
        else:
            yield from read_lines(Lines(rest), warn)


class _Rewound:
    """A stream of which the beginning was read already."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Read as many bytes, or fewer at the end."""
        chunk, self._head = self._head[:size], self._head[size:]
        return chunk if len(chunk) == size else chunk + self._stream.read(size - len(chunk))
