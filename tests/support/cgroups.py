"""A memory limit as a container has it: a control group of Linux, made for one process."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path("/sys/fs/cgroup")
# The file of the limit and the one that counts kills: of version 2, and of version 1.
_FILES = {
    _ROOT: ("memory.max", "memory.events"),
    _ROOT / "memory": ("memory.limit_in_bytes", "memory.oom_control"),
}


@dataclass(frozen=True)
class MemoryLimit:
    """A control group; `wrapped` commands run in it."""

    folder: Path
    events: Path

    def wrapped(self, command: list[Path | str]) -> list[Path | str]:
        """Return the command that enters the group and then becomes `command`."""
        enter = f'echo $$ > "{self.folder}/cgroup.procs" && exec "$@"'
        return ["sh", "-c", enter, "sh", *command]

    @property
    def kills(self) -> int:
        """How often the out-of-memory killer came."""
        lines = dict(line.split() for line in self.events.read_text().splitlines())
        return int(lines["oom_kill"])


@contextmanager
def memory_limit(size: int) -> Iterator[MemoryLimit]:
    """Make a group that may have `size` bytes; skip where that is not allowed."""
    name = f"langspan-{uuid.uuid4().hex[:8]}"
    for root, (limit, events) in _FILES.items():
        folder = root / name
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if os.access(folder / limit, os.W_OK):
                (folder / limit).write_text(str(size))
                yield MemoryLimit(folder, folder / events)
                return
        finally:
            folder.rmdir()
    pytest.skip(
        "no control group for memory can be made: run as root, on Linux, with /sys/fs/cgroup writable"
    )
