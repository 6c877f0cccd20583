"""Read snapshots of telemetry, without what differs each time that the same program runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Records by test, each as JSON in one spelling.
Records = dict[str, Counter[str]]

_RANDOM = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
        (r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9A-Za-z])", "<id>"),
        (r"\b0x[0-9a-f]{6,}", "<address>"),
        (r"/tmp/[^\s\"'\\]+", "<temporary>"),  # noqa: S108 - it is looked for, not used
        (r"(?<=[\w\]]):(?:3[2-9]|4\d|5\d|6[0-5])\d{3}\b", ":<port>"),
        (r"""[^\s"'\\]*/(?=(?:src|tests)/)""", "<checkout>/"),
        (r"\blangspan(?:\.\w+)*\.[A-Z_]\w*(?:\.\w+)*", "<ours>"),
        (r"\bsrc/langspan/[\w/]+\.py", "<ours>"),
    )
)
_DURATIONS = re.compile(r"time_to_first_chunk|time_per_output_chunk|duration$")
_EPHEMERAL_PORTS = range(32_768, 65_536)


def read(folder: Path) -> Records:
    """Read what each test made.

    Args:
        folder: Where the snapshot is, a file for each test worker.
    """
    found: Records = {}
    for line in _lines(folder):
        records = Counter(json.dumps(plain(each), sort_keys=True) for each in line["records"])
        known = found.get(line["test"], Counter())
        # Several workers may set up the same shared fixture; a test runs once, in pieces around fixtures.
        found[line["test"]] = known | records if "::fixture " in line["test"] else known + records
    return found


def _lines(folder: Path) -> Iterator[Any]:
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise SystemExit(f"{folder} holds no snapshot")
    for file in files:
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def plain(value: Any, key: str = "") -> Any:
    """Replace whatever is random, or of one machine, by what it is.

    Args:
        value: A record, or a part of one.
        key: The name that it has.
    """
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, dict):
        return {_plain_text(name): plain(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each, key) for each in value]
    if isinstance(value, float) and _DURATIONS.search(key):
        return "<duration>"
    if key == "server.port" and value in _EPHEMERAL_PORTS:
        return "<port>"
    return value


def _plain_text(text: str) -> str:
    for pattern, replacement in _RANDOM:
        text = pattern.sub(replacement, text)
    return text
