"""Builds the documentation into `site/`, and fails if a page or a link is missing: `make docs`.

The generator reports dead links in the pages. What it does not report is checked here: pages that `nav`
leaves out or that do not exist, and links of the finished site, to which the API reference adds.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]


def listed(root: Path) -> list[str]:
    """The pages that the navigation lists, in its order.

    Args:
        root: The folder of the configuration.
    """
    return list(_leaves(tomllib.loads((root / "zensical.toml").read_text("utf-8"))["project"]["nav"]))


def _leaves(item: Any) -> Iterator[str]:
    if isinstance(item, str):
        yield item
    else:
        for each in item.values() if isinstance(item, dict) else item:
            yield from _leaves(each)


def problems_of_pages(root: Path) -> list[str]:
    """What is wrong with the navigation.

    Args:
        root: The folder of the configuration.
    """
    docs = root / "docs"
    pages = [path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))]
    named = listed(root)
    return [
        *(f"{page}: not in nav" for page in pages if page not in named),
        *(f"{page}: in nav, but there is no such page" for page in named if page not in pages),
        *(f"{page}: twice in nav" for page in sorted(set(named)) if named.count(page) > 1),
    ]


class _Page(HTMLParser):
    """The links and the anchors of one page.

    Attributes:
        links: Where the page points to.
        anchors: What can be pointed to in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        target = found.get("href") or found.get("src")
        if target and tag in {"a", "img", "link", "script"}:
            self.links.add(target)
        self.anchors |= {name for name in (found.get("id"), found.get("name")) if name}


def problems_of_site(site: Path) -> list[str]:
    """Links of the finished site that lead nowhere, or to another machine's files.

    Args:
        site: The folder it was built into.
    """
    pages = {path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    # The page that a web server shows for unknown addresses is not read from disk.
    pages = {path: page for path, page in pages.items() if path.name != "404.html"}
    return [
        f"{path.relative_to(site).as_posix()}: {link} leads nowhere"
        for path, page in pages.items()
        for link in sorted(page.links)
        if not _leads_somewhere(path, link, pages)
    ]


def _leads_somewhere(path: Path, link: str, pages: dict[Path, _Page]) -> bool:
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return True  # another site; nothing here reaches the network
    target = (path.parent / unquote(url.path)).resolve() if url.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    anchor = unquote(url.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors or anchor == "__skip"


def build(root: Path, generator: Path) -> list[str]:
    """Build the site; what is wrong, or nothing.

    Args:
        root: The folder of the configuration.
        generator: The command that builds.
    """
    if problems := problems_of_pages(root):
        return problems
    command = [generator, "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode:
        return [done.stdout + done.stderr]
    return problems_of_site(root / "site")


def main() -> int:
    """Build this project's site; the exit code is 1 if something is wrong."""
    problems = build(ROOT, Path(sys.executable).with_name("zensical"))
    print(*(problems or [f"built {ROOT / 'site' / 'index.html'}"]), sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
