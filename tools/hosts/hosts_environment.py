"""Set up what a host's own tests need: an environment of its own, and the tests from its source archive."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LANES = ROOT / ".lanes" / "hosts"
PINS = ROOT / "requirements" / "newest.txt"
# Of a host's group of test packages: what watches files, profiles, serves or repeats. No test imports it.
_NO_TEST_NEEDS = {
    "langgraph-cli",
    "py-spy",
    "pyperf",
    "pytest-cov",
    "pytest-dotenv",
    "pytest-repeat",
    "pytest-watcher",
}
# What a run here needs whatever the host's group says: two at a time, an end to what hangs, no network.
_EVERY_RUN_NEEDS = ("pytest-asyncio", "pytest-socket", "pytest-timeout", "pytest-xdist")


@dataclass(frozen=True)
class Suite:
    """The tests of one host.

    Attributes:
        name: The host's name as a package.
        tests: Where its tests are in the source archive.
        also: Packages that its tests import and its group of test packages forgets.
    """

    name: str
    tests: str = "tests/unit_tests"
    also: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where all of it is kept."""
        return LANES / self.name

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    @property
    def sources(self) -> Path:
        """The unpacked archive, without the package itself."""
        return self.folder / "sources"


SUITES = (
    Suite("langchain-core"),
    Suite("langgraph", tests="tests"),
    Suite("langchain"),
    Suite("langchain-classic", also=("greenlet",)),
)


def prepare(suite: Suite) -> str:
    """Make the environment and unpack the tests, unless that is done.

    Args:
        suite: Whose.

    Returns:
        The host's version.
    """
    stamp = suite.folder / "prepared.json"
    wanted = {"pins": PINS.read_text("utf-8"), "python": sys.version, "suite": repr(suite)}
    known: dict[str, Any] = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if known.get("wanted") != wanted:
        print(f"{suite.name}: making its environment", flush=True)
        shutil.rmtree(suite.folder, ignore_errors=True)
        known = {"wanted": wanted, "version": _make(suite)}
        stamp.write_text(json.dumps(known), "utf-8")
    return str(known["version"])


def _make(suite: Suite) -> str:
    # The host comes first: its version decides which archive is taken, and that what its tests need.
    _run(sys.executable, "-m", "venv", str(suite.folder / "env"))
    _install(suite, suite.name, "-e", str(ROOT))
    asked = f"from importlib.metadata import version; print(version({suite.name!r}))"
    version = _run(str(suite.python), "-c", asked).strip()
    _unpack(suite, _download(suite, version))
    _install(suite, suite.name, *_test_packages(suite), *_EVERY_RUN_NEEDS, *suite.also)
    return version


def _run(*words: str) -> str:
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - no shell
    return done.stdout


def _pip(suite: Suite, command: str, *arguments: str) -> None:
    words = ("-m", "pip", command, "--quiet", "--disable-pip-version-check", *arguments)
    _run(str(suite.python), *words)


def _install(suite: Suite, *packages: str) -> None:
    pins = suite.folder / "pins.txt"
    pins.write_text("\n".join(_fitting_pins(packages)), "utf-8")
    _pip(suite, "install", "-c", str(pins), *packages)


def _fitting_pins(packages: Iterable[str]) -> Iterator[str]:
    """Our pins, but for those that a host's tests forbid."""
    wanted = [Requirement(each) for each in packages if not each.startswith(("-", "/"))]
    bounds = {canonicalize_name(each.name): each.specifier for each in wanted}
    for line in PINS.read_text("utf-8").splitlines():
        name, _, version = line.partition("==")
        if not version or bounds.get(canonicalize_name(name), SpecifierSet()).contains(version):
            yield line


def _download(suite: Suite, version: str) -> Path:
    _pip(
        suite,
        "download",
        *("--no-binary", suite.name, "--no-deps", "--dest", str(suite.folder)),
        f"{suite.name}=={version}",
    )
    (archive,) = suite.folder.glob("*.tar.gz")
    return archive


def _unpack(suite: Suite, archive: Path) -> None:
    """The package's own source goes: beside its tests it would be imported in place of what is installed."""
    with tarfile.open(archive) as opened:
        opened.extractall(suite.folder, filter="data")
    archive.with_suffix("").with_suffix("").rename(suite.sources)
    shutil.rmtree(suite.sources / suite.name.replace("-", "_"))


def _test_packages(suite: Suite) -> list[str]:
    project = tomllib.loads((suite.sources / "pyproject.toml").read_text("utf-8"))
    listed = (each for each in project["dependency-groups"]["test"] if isinstance(each, str))
    return [each for each in listed if re.split(r"[^\w.-]", each)[0] not in _NO_TEST_NEEDS]
