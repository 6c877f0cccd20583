"""The pages as such: blocks that somebody checks, links that lead somewhere, paths that exist."""

from __future__ import annotations

import posixpath
import re
import tomllib

import pytest

from docs.pages import CHANGELOG, CONTRIBUTING, PAGES, README, REPOSITORY, code, page

ALL = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
# Which suite runs or compares the blocks of a language; the picture is checked below.
CHECKED = {
    "python": "test_programs",
    "sh": "test_commands",
    "text": "test_trace",
    "promql": "test_metrics",
    "yaml": "test_metrics",
    "json": "tests/ecosystem/test_remote_graphs",
}
PICTURE = page("docs/how-it-works.md").block("How it works", "text").code


@ALL
def test_every_block_is_in_a_language_that_is_checked(page):
    assert set(CHECKED) >= {block.language for block in page.blocks}


def test_only_traces_and_the_picture_are_plain_text():
    plain = {(each.name, b.section) for each in PAGES for b in each.blocks if b.language == "text"}
    assert {
        ("README.md", "See the first trace"),
        ("docs/cost.md", "Cost"),
        ("docs/fleet.md", "From one machine to a fleet"),
        ("docs/get-started.md", "See a larger one"),
        ("docs/how-it-works.md", "How it works"),
        # Compared by tests/ecosystem.
        ("docs/recipes/langgraph-server.md", "Call it"),
        ("docs/recipes/langgraph-server.md", "Without Starlette's instrumentation"),
    } == plain


@ALL
def test_every_link_leads_somewhere(page):
    targets = [target for target in page.links() if not target.startswith("https://")]
    folder = (REPOSITORY / page.name).parent
    assert [] == [t for t in targets if not (t.startswith("#") or (folder / t.partition("#")[0]).exists())]


@ALL
def test_every_anchor_is_a_heading(page):
    pages = {each.name: each for each in PAGES}
    for target in page.links():
        name, mark, anchor = target.partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(page.name), name)) if name else page.name
        if mark and not target.startswith("https://"):
            assert f"#{anchor}" in pages[there].anchors(), target


@ALL
def test_lines_fit_an_editor(page):
    blocks = [line for block in page.blocks for line in block.code.splitlines()]
    prose = [line for line in page.prose if not line.startswith("|")]
    assert [] == [line for line in [*blocks, *prose] if len(line) > 120]


def test_the_readme_is_short():
    text = (REPOSITORY / "README.md").read_text("utf-8")
    assert len(text.split()) <= 900


def test_the_pictures_are_small():
    pictures = sorted((REPOSITORY / "docs" / "images").iterdir())
    assert [] == [path.name for path in pictures if path.stat().st_size > 150_000]


def test_the_picture_shows_parts_that_exist():
    parts = re.findall(r"\b[a-z]+/(?:[a-z]+/?)?", PICTURE)
    source = REPOSITORY / "src" / "langspan"
    assert {"recording/", "kinds/", "content/", "providers/", "conventions/", "context/", "export/"} <= set(
        parts
    )
    assert [] == [
        part for part in parts if not ((source / part).is_dir() or (source / f"{part}.py").is_file())
    ]


def test_the_map_of_the_repository_shows_paths_that_exist():
    paths = [path for row in CONTRIBUTING.table("Path") for path in code(row["Path"])]
    assert [] == [path for path in paths if not (REPOSITORY / path).exists()]


def test_every_module_that_the_instructions_name_exists():
    """A name may begin at the top of the repository or of the package."""
    tops = (REPOSITORY, REPOSITORY / "src" / "langspan")
    lines = [line for line in CONTRIBUTING.prose if not line.startswith("|")]
    named = {name for line in lines for name in code(line) if re.fullmatch(r"[\w/]+(\.py|/)", name)}
    assert "langchain/patches/wrappers.py" in named
    assert set() == {name for name in named if not any((top / name).exists() for top in tops)}


def test_every_package_is_on_the_map():
    shown = {path for row in CONTRIBUTING.table("Path") for path in code(row["Path"])}
    packages = (path.parent for path in (REPOSITORY / "src" / "langspan").glob("*/__init__.py"))
    assert set() == {f"src/langspan/{package.name}/" for package in packages} - shown


def test_the_guarantees_name_suites_that_exist():
    suites = [path for row in page("docs/guarantees.md").table("Promise") for path in code(row["Checked by"])]
    assert suites
    assert [] == [suite for suite in suites if not (REPOSITORY / suite).is_dir()]


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


def test_the_readme_links_to_every_part_of_the_documentation():
    linked = {target.removeprefix("docs/") for target in README.links() if target.startswith("docs/")}
    pages = {each.name.removeprefix("docs/") for each in PAGES if each.name.startswith("docs/")}
    assert set() == {name for name in pages if not name.startswith("recipes/")} - linked
