"""The pages of the repository as data: code blocks, tables, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")

_FENCE = re.compile(r"^```(\w*)$")
_HEADING = re.compile(r"^#+ (.+)$")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")

Row = dict[str, str]


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        section: The heading it stands under.
        language: What the fence says.
        code: Its lines, each with its line feed.
    """

    section: str
    language: str
    code: str


@dataclass(frozen=True)
class Page:
    """One page, taken apart.

    Attributes:
        name: Its file.
        headings: Every heading, in order.
        blocks: Every fenced block, in order.
        prose: What is neither a block nor a heading, line by line.
    """

    name: str
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]
    prose: tuple[str, ...]

    @classmethod
    def read(cls, name: str) -> Page:
        """Take a page of the repository apart."""
        headings, blocks, prose = [""], list[Block](), list[str]()
        language, code = None, list[str]()
        for line in (REPOSITORY / name).read_text("utf-8").splitlines():
            fence, heading = _FENCE.match(line), _HEADING.match(line)
            if language is not None and line == "```":
                blocks.append(Block(headings[-1], language, "".join(code)))
                language, code = None, []
            elif language is not None:
                code.append(f"{line}\n")
            elif fence:
                language = fence[1]
            elif heading:
                headings.append(heading[1])
            else:
                prose.append(line)
        assert language is None, f"{name}: a block is not closed"
        return cls(name, tuple(headings[1:]), tuple(blocks), tuple(prose))

    def block(self, section: str, language: str, number: int = 0) -> Block:
        """The block of that language under that heading; they are counted from 0."""
        return [b for b in self.blocks if (b.section, b.language) == (section, language)][number]

    def commands(self) -> list[str]:
        """Every line of every shell block."""
        return [line for block in self.blocks if block.language == "sh" for line in block.code.splitlines()]

    def links(self) -> list[str]:
        """Where the page points to."""
        return [target for line in self.prose for target in _LINK.findall(line)]

    def table(self, *columns: str) -> list[Row]:
        """The table that begins with these columns, a row as a mapping from column to cell."""
        lines = iter(self.prose)
        for line in lines:
            titles = _cells(line)
            if titles and titles[: len(columns)] == list(columns):
                next(lines)
                return [dict(zip(titles, cells, strict=True)) for cells in _rows(lines)]
        raise LookupError(f"{self.name} has no table with the columns {columns}")

    def anchors(self) -> set[str]:
        """What a link to a heading of this page may be, by GitHub's rules."""
        return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings}


@cache
def page(name: str) -> Page:
    """A page by its file, `docs/limits.md`."""
    return Page.read(name)


def code(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []


def _rows(lines: Iterator[str]) -> list[list[str]]:
    return [_cells(line) for line in takewhile(lambda line: line.startswith("|"), lines)]


DOCS = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "docs").rglob("*.md"))]
PAGES = [page(name) for name in (*_TOP, *DOCS)]
README, CHANGELOG, CONTRIBUTING = map(page, _TOP)
TELEMETRY, PROVIDERS, SETTINGS = map(page, ("docs/telemetry.md", "docs/providers.md", "docs/settings.md"))
