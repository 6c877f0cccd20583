"""The package: what it installs, what it needs, what importing it costs."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from packaging.requirements import Requirement

import langspan
from docs.pages import CHANGELOG, CONTRIBUTING, README, code
from support.interpreters import ask, environment, run

REPOSITORY = Path(__file__).resolve().parents[2]
ASSETS = REPOSITORY / "src" / "langspan" / "page" / "assets"
MAX_OWN, MAX_FOREIGN = 127, 30

IMPORT = """
import json, sys
# What everybody who uses LangChain models, tools and runnables has imported anyway.
import langchain_core.language_models.llms, langchain_core.tools, langchain_core.retrievers
import langchain_core.runnables.fallbacks, langchain_core.tracers.base, langchain_core.tracers.context
import opentelemetry.instrumentation.instrumentor, opentelemetry.metrics, opentelemetry._logs, wrapt
before = set(sys.modules)
import langspan
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def imported() -> list[str]:
    """Modules that importing langspan adds."""
    return list(ask(IMPORT))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tarfile.TarFile]:
    pytest.importorskip("hatchling", reason="sources are packed with hatchling: pip install hatchling")
    folder = tmp_path_factory.mktemp("sources")
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)], cwd=REPOSITORY)
    (path,) = folder.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling: pip install hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        source, target = REPOSITORY / name, folder / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")], cwd=folder)
    (path,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.mark.parametrize(
    "package", ["langchain", "langgraph", "grpc", "requests", "opentelemetry.sdk", "httpx"]
)
def test_importing_it_imports_no_heavy_package(imported: list[str], package: str) -> None:
    assert [] == [name for name in imported if f"{name}.".startswith(f"{package}.")]


def test_importing_it_imports_few_modules_of_its_own(imported: list[str]) -> None:
    assert MAX_OWN >= sum(name.partition(".")[0] == "langspan" for name in imported)


def test_importing_it_imports_few_modules_of_others(imported: list[str]) -> None:
    assert MAX_FOREIGN >= sum(name.partition(".")[0] != "langspan" for name in imported)


@pytest.mark.parametrize("package", ["langspan.cli", "langspan.diff", "langspan.page"])
def test_importing_it_does_not_import_what_shows_traces(imported: list[str], package: str) -> None:
    assert [] == [name for name in imported if f"{name}.".startswith(f"{package}.")]


def test_opentelemetry_finds_the_instrumentor() -> None:
    (found,) = metadata.entry_points(group="opentelemetry_instrumentor", name="langspan")
    instrumentor = found.load()

    assert (langspan.LangSpanInstrumentor, True) == (instrumentor, issubclass(instrumentor, BaseInstrumentor))


def test_the_command_is_installed() -> None:
    (found,) = metadata.entry_points(group="console_scripts", name="langspan")

    assert callable(found.load())


def test_pytest_finds_the_plugin() -> None:
    (found,) = metadata.entry_points(group="pytest11", name="langspan")

    assert "langspan_pytest" == found.value


def test_the_plugin_imports_neither_langchain_nor_the_package() -> None:
    added = ask(
        "import json, sys, pytest; before = set(sys.modules); import langspan_pytest\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )

    assert ["langspan_pytest"] == [name for name in added if not name.startswith(("_", "collections"))]


def test_importing_it_does_not_import_the_test_helpers(imported: list[str]) -> None:
    assert [] == [name for name in imported if name.startswith(("langspan.testing", "langspan_pytest"))]


def test_type_checkers_are_told_that_it_is_typed() -> None:
    assert resources.files("langspan").joinpath("py.typed").is_file()


def _required() -> dict[str, Requirement]:
    """What is installed along with it, extras left aside."""
    requirements = map(Requirement, metadata.requires("langspan") or ())
    return {each.name: each for each in requirements if each.marker is None}


def test_langchain_and_langgraph_are_not_required() -> None:
    assert set() == {"langchain", "langgraph"} & set(_required())


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("langchain-core", "1.0.0"),
        ("langchain-core", "99.0"),
        ("opentelemetry-api", "1.29.0"),
        ("opentelemetry-api", "99.0"),
        ("opentelemetry-sdk", "99.0"),
        ("opentelemetry-exporter-otlp", "99.0"),
        ("opentelemetry-instrumentation", "99.0"),
        ("wrapt", "1.16.0"),
        ("wrapt", "2.99"),
    ],
)
def test_a_version_is_allowed(name: str, version: str) -> None:
    assert _required()[name].specifier.contains(version, prereleases=True)


@pytest.mark.parametrize("key", ["Name", "Version", "Summary", "Requires-Python", "License-Expression"])
def test_the_metadata_are_complete(key: str) -> None:
    assert metadata.metadata("langspan")[key]


def test_the_licence_is_apache() -> None:
    assert "Apache-2.0" == metadata.metadata("langspan")["License-Expression"]


def test_the_oldest_python_is_3_11() -> None:
    assert ">=3.11" == metadata.metadata("langspan")["Requires-Python"]


def test_the_wheel_holds_the_mark_of_typed_packages(wheel: zipfile.ZipFile) -> None:
    assert "langspan/py.typed" in wheel.namelist()


def test_the_wheel_holds_every_module(wheel: zipfile.ZipFile) -> None:
    modules = {path.relative_to(REPOSITORY / "src").as_posix() for path in (REPOSITORY / "src").rglob("*.py")}

    assert set() == modules - set(wheel.namelist())


def test_the_wheel_holds_what_pages_are_made_of(wheel: zipfile.ZipFile) -> None:
    assets = {path.relative_to(REPOSITORY / "src").as_posix() for path in ASSETS.iterdir()}

    assert {"langspan/page/assets/view.js"} < assets <= set(wheel.namelist())


def test_the_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0].partition("-")[0] for name in wheel.namelist()}

    assert {"langspan", "langspan_pytest.py"} == tops


def test_pytest_takes_it_quietly_if_it_was_imported_before(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """As under `opentelemetry-instrument`; only an installed wheel tells pytest which modules it has."""
    wheel.extractall(tmp_path / "installed")
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    told = "error:Module already imported so cannot be rewritten; langspan:pytest.PytestAssertRewriteWarning"
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "-W", told]
    program = f"import langspan, pytest, sys; sys.exit(pytest.main({[*options, str(tmp_path)]}))"

    assert "1 passed" in run(
        [sys.executable, "-c", program], environment(PYTHONPATH=str(tmp_path / "installed")), cwd=tmp_path
    )


def test_the_sources_hold_everything_that_the_map_of_the_repository_shows(sources: tarfile.TarFile) -> None:
    held = {Path(*Path(name).parts[1:]) for name in sources.getnames()}
    folders = {parent for path in held for parent in path.parents}
    shown = {Path(path) for row in CONTRIBUTING.table("Path") for path in code(row["Path"])}

    assert set() == shown - held - folders


def test_the_sources_hold_everything_that_the_pages_point_to(sources: tarfile.TarFile) -> None:
    held = {Path(*Path(name).parts[1:]) for name in sources.getnames()}
    folders = {parent for path in held for parent in path.parents}
    targets = (target for page in (README, CONTRIBUTING, CHANGELOG) for target in page.links())
    files = {
        Path(target.partition("#")[0]) for target in targets if not target.startswith(("https:", "http:"))
    }

    assert set() == files - held - folders


def test_the_sources_hold_what_make_needs(sources: tarfile.TarFile) -> None:
    held = {name.partition("/")[2] for name in sources.getnames()}

    assert {"Makefile", ".ci/run", "docker-compose.yml", "benchmarks/__main__.py"} <= held
