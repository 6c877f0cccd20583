"""How much memory this process may have: that of the machine, or less where a container limits it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

_MEMBERSHIP: Final = Path("/proc/self/cgroup")
_GROUPS: Final = Path("/sys/fs/cgroup")


def available(membership: Path = _MEMBERSHIP, groups: Path = _GROUPS) -> int:
    """Return the bytes of memory that this process may have, or what can be addressed if nothing tells.

    Args:
        membership: The file with the control groups of this process.
        groups: Where control groups are mounted.
    """
    return min([_machine(), *_limits(membership, groups)])


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def _limits(membership: Path, groups: Path) -> Iterator[int]:
    """Yield the limits of the process's control groups and all around them, of versions 1 and 2."""
    for line in _text(membership).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield from _limits_above(groups, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_above(groups / "memory", path, "memory.limit_in_bytes")


def _limits_above(mount: Path, path: str, name: str) -> Iterator[int]:
    # A container may see the path of its host, where only the mount itself is its own group.
    group = PurePosixPath(path.lstrip("/"))
    for each in (group, *group.parents):
        limit = _text(mount / each / name).strip()
        if limit.isdecimal() and int(limit) > 0:  # else "max", or no such file
            yield int(limit)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (OSError, ValueError):
        return ""
