"""A file of traces that grows: each trace as soon as it is complete."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from langspan.cli.lines import Lines, opened
from langspan.cli.otlp import read_lines, rows_of
from langspan.cli.rows import SpanRow

_PAUSE: Final = 0.25
_QUIET: Final = 3.0
_MOST_OPEN: Final = 1000


@dataclass
class _Open:
    """A trace of which spans are still awaited."""

    last_seen: float
    rows: list[SpanRow] = field(default_factory=list)


class Follower:
    """Collects spans into traces.

    A trace is complete when the span without a parent has arrived, since that ends last, or when nothing of
    it came for a while. Spans that come later are a trace of their own part.

    Args:
        show: Called with the spans of each trace.
        clock: The time in seconds.
    """

    def __init__(self, show: Callable[[list[SpanRow]], None], clock: Callable[[], float]) -> None:
        self._show = show
        self._clock = clock
        self._open: dict[str, _Open] = {}

    def add(self, rows: Iterator[SpanRow]) -> None:
        """Take the spans of one line."""
        complete: dict[str, None] = {}
        for row in rows:
            entry = self._open.setdefault(row.trace_id, _Open(0.0))
            entry.last_seen = self._clock()
            entry.rows.append(row)
            if row.parent_id is None:
                complete[row.trace_id] = None
        for trace_id in complete:
            self._show(self._open.pop(trace_id).rows)
        while len(self._open) > _MOST_OPEN:
            self._show(self._open.pop(next(iter(self._open))).rows)

    def show_quiet(self, *, everything: bool = False) -> None:
        """Show the traces of which nothing came for a while, or all that are open."""
        now = self._clock()
        for trace_id, entry in list(self._open.items()):
            if everything or now - entry.last_seen >= _QUIET:
                self._show(self._open.pop(trace_id).rows)


class _Growing:
    """A file that is read on when more is written to it, also after it was begun anew.

    Args:
        source: The path.
        stream: The file, opened.
        idle: Called while there is nothing to read; returns whether to wait on.
    """

    def __init__(self, source: str, stream: BinaryIO, idle: Callable[[], bool]) -> None:
        self._source = source
        self._stream = stream
        self._idle = idle
        self.ended = False

    def read(self, size: int, /) -> bytes:
        """Wait for more; nothing means that the wait is over, or another file stands here now."""
        while not self.ended:
            chunk = self._stream.read(size)
            if chunk:
                return chunk
            if self._is_replaced():
                return b""
            self.ended = not self._idle()
        return b""

    def _is_replaced(self) -> bool:
        try:
            there = Path(self._source).stat()
        except OSError:
            return False  # about to be made anew
        ours = os.fstat(self._stream.fileno())
        is_other = (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
        return is_other or there.st_size < self._stream.tell()


def follow(
    source: str,
    show: Callable[[list[SpanRow]], None],
    warn: Callable[[str], None],
    *,
    full: bool = False,
    wait: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Show each trace of a file, and then each that is written to it, until interrupted.

    Args:
        source: The path of a file of OTLP JSON lines; it may not be there yet.
        show: Called with the spans of each trace.
        warn: Called with a message for each line that is cut off.
        full: Whether to keep long texts and lists.
        wait: Waits a moment; returns whether to go on. By default, always.
        clock: The time in seconds.

    Raises:
        CliError: The file cannot be read, or holds something else.
    """
    follower = Follower(show, clock)

    def idle() -> bool:
        follower.show_quiet()
        return (wait or _pause)()

    while True:
        if not Path(source).exists():
            if not idle():
                break
            continue
        with opened(source) as stream:
            growing = _Growing(source, stream, idle)
            for number, item in read_lines(Lines(growing), warn):
                follower.add(rows_of(item, number, full=full))
        if growing.ended:
            break
    follower.show_quiet(everything=True)


def _pause() -> bool:
    time.sleep(_PAUSE)
    return True
