"""Where the trees of tests are kept."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

_UNSAFE: Final = re.compile(r"[^\w.\-\[\]]+")
_LONGEST: Final = 120


class Snapshots:
    """The files of one test.

    Args:
        folder: Where they are; None if the test names each file.
        test: The name of the test, with its parameters.
        update: Whether to write files that differ.
    """

    def __init__(self, folder: Path | None = None, test: str = "", *, update: bool = False) -> None:
        self._folder = folder
        self._test = test
        self._asked = 0
        self.update = update

    def path(self, path: Path | str | None) -> Path:
        """Return the file that is meant: the one that is named, or the test's next one.

        Raises:
            ValueError: None is named, and the test has none.
        """
        if path is not None:
            return Path(path)
        if self._folder is None:
            raise ValueError("name the file: assert_snapshot(path)")
        self._asked += 1
        number = "" if self._asked == 1 else f"-{self._asked}"
        return self._folder / f"{_file_name(self._test)}{number}.tree"


def _file_name(test: str) -> str:
    """Return a name that every file system takes, another one for each test."""
    safe = _UNSAFE.sub("_", test)[:_LONGEST]
    return safe if safe == test else f"{safe}-{sha256(test.encode()).hexdigest()[:8]}"
