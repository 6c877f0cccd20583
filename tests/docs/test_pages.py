"""The pages as such: blocks that somebody checks, links that lead somewhere, paths that exist."""

from __future__ import annotations

import re
import tomllib

import pytest

from docs.pages import CHANGELOG, CONTRIBUTING, PROVIDERS, README, REPOSITORY, TELEMETRY, code

PAGES = [README, CHANGELOG, CONTRIBUTING, TELEMETRY, PROVIDERS]
ALL = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
# Which suite runs or compares the blocks of a language; the picture is checked below.
CHECKED = {"python": "test_programs", "sh": "test_commands", "text": "test_trace"}
PICTURE = README.block("How it works", "text").code


@ALL
def test_every_block_is_in_a_language_that_is_checked(page):
    assert set(CHECKED) >= {block.language for block in page.blocks}


def test_only_the_trace_and_the_picture_are_plain_text():
    assert ["What a trace looks like", "How it works"] == [
        b.section for b in README.blocks if b.language == "text"
    ]


@ALL
def test_every_link_leads_somewhere(page):
    targets = [target for target in page.links() if not target.startswith("https://")]
    folder = (REPOSITORY / page.name).parent
    missing = [t for t in targets if not (t in page.anchors() or (folder / t.partition("#")[0]).exists())]
    assert [] == missing
    assert [] == [t for t in targets if t.startswith("#") and t not in page.anchors()]


@ALL
def test_lines_fit_an_editor(page):
    blocks = [line for block in page.blocks for line in block.code.splitlines()]
    prose = [line for line in page.prose if not line.startswith("|")]
    assert [] == [line for line in [*blocks, *prose] if len(line) > 120]


def test_the_picture_shows_parts_that_exist():
    parts = re.findall(r"(?<!\w)(_\w+|\w+/)(?!\w)", PICTURE)
    source = REPOSITORY / "src" / "langspan"
    assert {"_handler", "_recorder", "_runs", "conventions/", "patches/", "export/"} == set(parts)
    assert [] == [
        part for part in parts if not ((source / part).is_dir() or (source / f"{part}.py").is_file())
    ]


def test_the_map_of_the_repository_shows_paths_that_exist():
    paths = [path for row in CONTRIBUTING.table("Path") for path in code(row["Path"])]
    assert [] == [path for path in paths if not (REPOSITORY / path).exists()]


def test_every_package_is_on_the_map():
    shown = {path for row in CONTRIBUTING.table("Path") for path in code(row["Path"])}
    packages = (path.parent for path in (REPOSITORY / "src" / "langspan").glob("*/__init__.py"))
    assert set() == {f"src/langspan/{package.name}/" for package in packages} - shown


def test_the_changelog_keeps_its_form():
    """Versions from new to old, the unreleased one first; under each the kinds of change and nothing else."""
    title, *rest = CHANGELOG.headings
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    versions = [heading for heading in rest if heading not in kinds]
    assert ("Changelog", "[Unreleased]") == (title, versions[0])
    assert [] == [v for v in versions[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", v)]


def test_the_changelog_knows_the_version_of_the_package():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert version in (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
