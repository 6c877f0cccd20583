"""Files that are opened without being led astray, and written without half a line. System calls only."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

_logger = logging.getLogger(__name__)

LOCK_SECONDS: Final = 5.0
"""How long a write waits for another process to end its own, in seconds."""

_LOCK_PAUSE: Final = 0.005
# Windows has none of these but O_BINARY: a link is looked for before the file is opened, not while.
_FLAGS: Final = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_OTHERS: Final = stat.S_IRWXO
_NOT_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO


def problem_of(status: os.stat_result) -> str | None:
    """Return why a file is not safe to write to, or None.

    Args:
        status: The status of the file itself, not of what a link leads to.
    """
    if stat.S_ISLNK(status.st_mode):
        return "it is a link, which is not followed"
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    if sys.platform == "win32":
        return None
    if status.st_uid != os.geteuid():
        return f"it belongs to another user, {status.st_uid}, who can read it"
    if status.st_nlink > 1:
        return "it has another name, a hard link, so another file may be meant"
    return None


def open_safely(path: Path) -> int:
    """Open a file to append to it, create it for its owner only, or refuse it.

    Returns:
        The descriptor, which other programs do not inherit.

    Raises:
        OSError: It cannot be opened, has a problem, or other users can read it and it cannot be closed to
            them. The error's text says which.
    """
    with suppress(FileNotFoundError):
        # Before it is opened, for that alone can have an effect on a device; and after, for this can change.
        _refuse_problem(path.lstat(), path)
    descriptor = os.open(path, _FLAGS, stat.S_IRUSR | stat.S_IWUSR)
    try:
        _refuse_problem(os.fstat(descriptor), path)
        _shut_others_out(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_problem(status: os.stat_result, path: Path) -> None:
    if problem := problem_of(status):
        raise OSError(errno.EPERM, problem, str(path))


def _shut_others_out(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & _OTHERS:
        os.fchmod(descriptor, mode & ~_NOT_OWNER)
        if os.fstat(descriptor).st_mode & _OTHERS:
            raise OSError(errno.EPERM, "other users can read it, and that cannot be changed", str(path))
        _logger.warning("langspan: %s was open to other users; now only its owner can read it", path)


def lock(descriptor: int) -> None:
    """Lock an open file against other processes, where the file system has locks."""
    if sys.platform == "win32":
        return
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds its lock") from None
            time.sleep(_LOCK_PAUSE)
        except OSError:
            return  # what is left is that appending a short line is atomic
        else:
            return


def unlock(descriptor: int) -> None:
    """Let other processes write."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def ends_a_line(descriptor: int, size: int) -> bool:
    """Return whether what is added to a file of this size begins a line."""
    if size == 0:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def write_whole(descriptor: int, data: bytes, size: int) -> None:
    """Append data to a file of this size, or leave it as it was.

    Raises:
        OSError: The disk is full, or the file cannot be written any more.
    """
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        written = len(data) - len(rest)
        # Unless somebody without a lock has written after it.
        if written and os.fstat(descriptor).st_size == size + written:
            os.ftruncate(descriptor, size)
        raise
