"""The workflows: they ask for little, run what is pinned, and run it where the package promises to work."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.interpreters import run

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.stem: path for path in sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))}
each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def workflow(name: str) -> Any:
    # The loader that leaves every word a text: `on` is a key here, and 3.10 a version.
    return yaml.load(WORKFLOWS[name].read_text("utf-8"), Loader=yaml.BaseLoader)


def steps(name: str) -> list[Any]:
    return [step for job in workflow(name)["jobs"].values() for step in job.get("steps", ())]


def pythons() -> set[str]:
    """Versions that the package says it works on."""
    classifiers = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    return {found[1] for each in classifiers if (found := re.search(r":: (3\.\d+)$", each))}


def test_tests_pages_and_releases_have_a_workflow_each() -> None:
    assert ["docs", "release", "tests"] == list(WORKFLOWS)


@each_workflow
def test_jobs_may_read_the_repository_and_no_more_unless_they_say_so(name: str) -> None:
    assert {"contents": "read"} == workflow(name)["permissions"]


@each_workflow
def test_every_action_of_others_is_one_exact_commit(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]

    assert [] == [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)]


@each_workflow
def test_a_checkout_leaves_no_credentials_behind(name: str) -> None:
    checkouts = [step for step in steps(name) if step.get("uses", "").startswith("actions/checkout@")]

    assert {"false"} >= {step.get("with", {}).get("persist-credentials") for step in checkouts}


def test_every_promised_python_is_tested() -> None:
    assert pythons() == set(workflow("tests")["jobs"]["newest"]["strategy"]["matrix"]["python"])


@pytest.mark.parametrize("system", ["macos-latest", "windows-latest"])
def test_the_oldest_and_the_newest_python_are_tested_elsewhere_too(system: str) -> None:
    included = workflow("tests")["jobs"]["newest"]["strategy"]["matrix"]["include"]
    tested = {each["python"] for each in included if each["os"] == system}

    def number(version: str) -> int:
        return int(version.partition(".")[2])

    assert {min(pythons(), key=number), max(pythons(), key=number)} <= tested


def test_a_release_waits_for_the_tests() -> None:
    assert "tests" in workflow("release")["jobs"]["publish"]["needs"]


def test_a_commit_is_checked_as_make_lint_checks() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))

    assert ["make lint"] == [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]


def test_actionlint_finds_nothing() -> None:
    found = sorted((REPOSITORY / ".cache").glob("actionlint-*")) or [shutil.which("actionlint")]
    if not found[-1]:
        pytest.skip("no actionlint; make workflows builds it, with Go")
    command = [str(found[-1]), "-shellcheck=", "-pyflakes=", *map(str, WORKFLOWS.values())]

    assert "" == run(command, cwd=REPOSITORY)
