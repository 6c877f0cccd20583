"""Every line of a shell block names something that exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib

import pytest
import yaml

from docs.pages import PAGES, README, REPOSITORY, SETTINGS, code, page
from docs.programs import PROGRAMS
from docs.servers import CALL_IT, CELERY, GUNICORN, START_IT, UVICORN

COMMANDS = sorted({line for each in PAGES for line in each.commands()})
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
COMPOSE_FILE = "docker-compose.yml"
SERVICES = yaml.safe_load((REPOSITORY / COMPOSE_FILE).read_text())["services"]
GROUPS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"]
RUN = {line for program in PROGRAMS.values() for line in program.shell.splitlines()} | {
    UVICORN,
    GUNICORN,
    *CELERY,
    START_IT,
    *CALL_IT.splitlines(),
}
# Of docker compose: each subcommand with the options that the pages may use.
COMPOSE = {"up": {"-d", "--wait"}, "down": set(), "run": {"--rm"}}
TOOLS = {
    *("make", "git", "pip", "python3", "docker", "kubectl", "helm", "sh", "export", "otelcol"),
    ".venv/bin/python",
}
# What the configuration of the collector reads.
OF_THE_COLLECTOR = set(
    re.findall(r"\$\{env:(\w+)", (REPOSITORY / "collector-config" / "collector.yaml").read_text())
)


def commands(program: str) -> pytest.MarkDecorator:
    """The commands that begin with one program, without it."""
    found = [pytest.param(shlex.split(line)[1:], id=line) for line in COMMANDS if line.split()[0] == program]
    return pytest.mark.parametrize("arguments", found)


def test_every_command_is_run_or_checked_here():
    assert [] == [line for line in COMMANDS if line not in RUN and line.split()[0] not in TOOLS]


@commands("make")
@pytest.mark.skipif(shutil.which("make") is None, reason="install make")
def test_make_knows_the_target(arguments):
    done = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=60,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)


def test_every_port_that_is_told_is_published():
    told = {port for row in page("docs/running.md").table("Port", "Serves") for port in code(row["Port"])}
    published = {
        re.sub(r"\$\{\w+:-(\d+)\}", r"\1", port).split(":")[1]
        for each in SERVICES.values()
        for port in each.get("ports", ())
    }
    assert published == told


def test_every_target_of_make_is_on_a_page():
    rules = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", rules, re.MULTILINE)) - {"help", "clean"}
    assert targets == {line.split()[1] for line in COMMANDS if line.startswith("make ")}


@commands("pip")
def test_pip_installs_this_project_and_what_its_tests_are_run_with(arguments):
    command, *targets = arguments
    assert "install" == command
    known = {re.split(r"[;>=\[]", requirement)[0] for requirement in GROUPS["dev"] + GROUPS["ecosystem"]}
    extras = {f"{PROJECT['name']}[{extra}]" for extra in PROJECT["optional-dependencies"]}
    assert {".", PROJECT["name"], *extras, *known} >= {
        target if target in extras else target.partition("[")[0] for target in targets
    }


@commands("git")
def test_what_is_cloned_is_the_repository_of_the_package(arguments):
    address = PROJECT["urls"]["Source"]
    assert ["clone", address, "&&", "cd", address.rpartition("/")[2]] == arguments


@commands("python3")
def test_python_itself_only_makes_and_enters_a_virtual_environment(arguments):
    assert ["-m", "venv", ".venv", "&&", ".", ".venv/bin/activate"] == arguments


@commands("export")
def test_a_variable_that_is_exported_is_a_setting(arguments):
    (assignment,) = arguments
    tables = (SETTINGS.table("Argument", "Variable"), *map(SETTINGS.table, ("Variable",)))
    known = {name for rows in tables for row in rows for name in code(row["Variable"])}
    standard = {
        name for row in SETTINGS.table("Variable", "Default", "Here") for name in code(row["Variable"])
    }
    assert assignment.partition("=")[0] in known | standard | OF_THE_COLLECTOR


@commands("docker")
def test_docker_compose_is_asked_for_services_that_exist(arguments):
    if "build" == arguments[0]:
        assert (REPOSITORY / arguments[arguments.index("-f") + 1]).is_file()
        return
    compose, *rest = arguments
    before: dict[str, list[str]] = {"-f": [], "--profile": []}
    while rest[0] in before:
        before[rest[0]].append(rest[1])
        rest = rest[2:]
    command, *rest = rest
    services = {}
    for file in before["-f"] or [COMPOSE_FILE]:
        services |= yaml.safe_load((REPOSITORY / file).read_text())["services"]
    assert "compose" == compose
    assert {name for one in services.values() for name in one.get("profiles", ())} >= {*before["--profile"]}
    assert COMPOSE[command] >= {word for word in rest if word.startswith("-")}
    assert set(services) >= {word for word in rest if not word.startswith("-")}


@commands("helm")
def test_values_for_helm_are_in_the_repository_and_say_the_same_command(arguments):
    text = (REPOSITORY / arguments[arguments.index("-f") + 1]).read_text("utf-8")
    assert f"#   helm {shlex.join(arguments)}\n" in text


@commands("kubectl")
def test_what_is_applied_exists(arguments):
    """tests/cluster builds and checks it."""
    folder = arguments[arguments.index("-k") + 1] if "apply" in arguments else "deploy/kubernetes/base"
    assert (REPOSITORY / folder / "kustomization.yaml").is_file()


@commands("sh")
def test_the_script_exists_and_knows_the_lane(arguments):
    script, *lanes = arguments
    cases = re.findall(r"^    (\S+)\) lane", (REPOSITORY / script).read_text(), re.MULTILINE)
    assert set(cases) >= set(lanes)


@commands(".venv/bin/python")
def test_pytest_is_given_a_suite_that_exists(arguments):
    module, pytest_, suite = arguments
    assert ("-m", "pytest") == (module, pytest_)
    assert list((REPOSITORY / suite).glob("test_*.py"))


def test_the_demo_takes_the_example_of_a_model():
    """The page names a model; the demo knows which key that provider needs."""
    from langspan.cli.demo import _API_KEY_VARIABLES

    (model,) = {found for line in README.prose for found in re.findall(r"MODEL=(\S+?)`", line)}
    assert model.partition(":")[0] in _API_KEY_VARIABLES


@commands("otelcol")
def test_the_collector_is_started_with_files_that_are_here(arguments):
    options, paths = arguments[::2], arguments[1::2]
    assert {"--config"} == {*options}
    assert [] == [path for path in paths if not (REPOSITORY / path).is_file()]
