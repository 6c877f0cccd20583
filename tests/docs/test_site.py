"""The site: every page has a place in it, and what is dead or missing fails the build."""

from __future__ import annotations

import runpy
import shutil

import pytest

from docs.pages import DOCS, REPOSITORY

SCRIPT = runpy.run_path(str(REPOSITORY / "tools" / "build_site.py"))
GENERATOR = REPOSITORY / ".venv-docs" / "bin" / "zensical"


def test_every_page_has_its_place_in_the_navigation():
    assert [] == SCRIPT["problems_of_pages"](REPOSITORY)


def test_the_navigation_begins_with_the_home_page():
    assert "index.md" == SCRIPT["listed"](REPOSITORY)[0]
    assert len(DOCS) == len(SCRIPT["listed"](REPOSITORY))


@pytest.fixture
def site(tmp_path):
    """A folder with all that the generator reads."""
    for name in ("docs", "src"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    shutil.copy(REPOSITORY / "zensical.toml", tmp_path)
    return tmp_path


def build(site):
    if not GENERATOR.exists():
        pytest.skip("the generator is not installed: make docs")
    return SCRIPT["build"](site, GENERATOR)


def append(site, name, text):
    path = site / "docs" / name
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_the_site_builds_and_no_link_in_it_is_dead(site):
    assert [] == build(site)
    assert (site / "site" / "index.html").exists()


def test_the_reference_holds_every_public_name(site):
    import langspan

    assert [] == build(site)
    text = (site / "site" / "reference.html").read_text("utf-8")
    assert [] == [name for name in langspan.__all__ if f'id="langspan.{name}"' not in text]


def test_a_page_that_is_not_listed_fails(site):
    (site / "docs" / "stray.md").write_text("# Stray\n", "utf-8")
    assert ["stray.md: not in nav"] == SCRIPT["build"](site, GENERATOR)


def test_a_page_that_is_missing_fails(site):
    (site / "docs" / "limits.md").unlink()
    assert ["limits.md: in nav, but there is no such page"] == SCRIPT["build"](site, GENERATOR)


@pytest.mark.parametrize("link", ["nowhere.md", "limits.md#nowhere"])
def test_a_dead_link_fails(site, link):
    append(site, "versions.md", f"\n[dead]({link})\n")
    assert build(site)


def test_a_link_that_only_the_finished_site_has_is_checked_too(tmp_path):
    (tmp_path / "index.html").write_text(
        '<a href="gone.html">x</a><a href="#here">y</a><p id="here">', "utf-8"
    )
    assert ["index.html: gone.html leads nowhere"] == SCRIPT["problems_of_site"](tmp_path)
