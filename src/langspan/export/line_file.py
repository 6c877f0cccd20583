"""A file of lines that several processes append to, and that no other user can redirect or read."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from langspan.export.forks import call_in_child
from langspan.export.safe_file import ends_a_line, lock, open_safely, unlock, write_whole

_logger = logging.getLogger(__name__)


class LineFile:
    """An append-only file of whole lines.

    A line is written under a lock of the file, so lines of several processes do not mix. What a full disk
    lets in of a line is taken out again. A file that was renamed or removed is made anew.

    Args:
        path: The file. If it is missing, it is created for its owner only.
        max_bytes: The size that a line must not exceed unless it is the first: the file is then renamed to
            `path.1` and begun again. 0 is no limit.
        keep: How many renamed files are kept.

    Raises:
        OSError: The file cannot be opened, or is none that is safe to write to; see `problem_of`.
    """

    def __init__(self, path: Path, max_bytes: int = 0, keep: int = 0) -> None:
        # Absolute, because it is opened again after a rotation, and the process may have moved.
        self.path = path.absolute()
        self._max_bytes = max_bytes
        self._keep = keep
        self._told_of_rotation = False
        self._lock = threading.Lock()
        self._descriptor: int | None = open_safely(self.path)
        call_in_child(self.after_fork)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._descriptor is None

    def append(self, line: bytes) -> None:
        """Append one line, whole or not at all.

        Args:
            line: The line with its line feed.

        Raises:
            OSError: The disk is full, or the file cannot be written any more.
            TimeoutError: Another process holds the lock of the file for too long.
        """
        with self._lock, self._locked_descriptor(len(line)) as descriptor:
            size = os.fstat(descriptor).st_size
            # A process that was killed may have left half a line.
            write_whole(descriptor, line if ends_a_line(descriptor, size) else b"\n" + line, size)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def after_fork(self) -> None:
        """Open the file again, because a lock is shared with the process that it was opened in."""
        self._lock = threading.Lock()
        if self._descriptor is not None:
            with suppress(OSError):  # what is wrong with it shows when something is written
                self._reopen()

    @contextmanager
    def _locked_descriptor(self, more: int) -> Iterator[int]:
        descriptor = self._lock_current(more)
        try:
            yield descriptor
        finally:
            unlock(descriptor)

    def _lock_current(self, more: int) -> int:
        """Lock the file that has the path now, and that has room for `more` bytes."""
        while True:
            descriptor = self._open_descriptor()
            lock(descriptor)
            status = os.fstat(descriptor)
            if self._is_current(status) and not (self._is_full(status, more) and self._rotate()):
                return descriptor
            try:
                self._reopen()
            except OSError:
                unlock(descriptor)
                raise

    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, "it is closed", str(self.path))
        return self._descriptor

    def _is_current(self, status: os.stat_result) -> bool:
        """Return whether the open file still has its name, which another process may have rotated."""
        try:
            return os.path.samestat(status, os.lstat(self.path))
        except OSError:
            return False

    def _is_full(self, status: os.stat_result, more: int) -> bool:
        return 0 < self._max_bytes < status.st_size + more and status.st_size > 0

    def _rotate(self) -> bool:
        """Rename the file and those renamed before; the oldest one is replaced."""
        names = [self.path, *(Path(f"{self.path}.{number}") for number in range(1, self._keep + 1))]
        try:
            for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
                with suppress(FileNotFoundError):
                    newer.replace(older)
            if self._keep == 0:
                self.path.unlink()
        except OSError as error:
            if not self._told_of_rotation:
                self._told_of_rotation = True
                reason = error.strerror or error
                _logger.warning("langspan: %s cannot be rotated and goes on growing: %s", self.path, reason)
            return False
        return True

    def _reopen(self) -> None:
        # Opened first: what cannot be opened again leaves the exporter with the file that it has.
        descriptor = open_safely(self.path)
        former, self._descriptor = self._descriptor, descriptor
        if former is not None:
            os.close(former)
