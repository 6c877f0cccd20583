"""How the source is cut: downward imports only, small modules, short functions."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
# Lowest first. A module imports its own row or lower ones; what one row holds is free of cycles as well.
LAYERS: list[set[str]] = [
    {"langspan.conventions"},
    {"langspan._events", "langspan._graphs", "langspan._guard", "langspan._runs", "langspan._settings"},
    {"langspan._run"},
    {
        "langspan._carriers",
        "langspan._closing",
        "langspan._contents",
        "langspan._context",
        "langspan._interrupts",
        "langspan._log_events",
        "langspan._metrics",
        "langspan._opening",
        "langspan._translation",
    },
    {"langspan._recorder"},
    {"langspan._handler"},
    {"langspan._assembly", "langspan._slot"},
    {"langspan.patches"},
    {"langspan._instrumentor"},
    {"langspan", "langspan.cli", "langspan.testing"},
]
# Stands apart: OpenTelemetry only. Whoever puts the parts together may use it.
EXPORT = "langspan.export"
MAY_EXPORT = {EXPORT, "langspan._instrumentor", "langspan.cli"}
MAX_LINES, MAX_FUNCTION, P90_FUNCTION = 260, 50, 25


@functools.cache
def _tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def _imported(module: str) -> Iterator[str]:
    """Everything that a module imports anywhere, also inside functions."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            origin = str(node.module)
            for alias in node.names:
                # What is imported from a package may be a module of it.
                yield f"{origin}.{alias.name}" if f"{origin}.{alias.name}" in MODULES else origin


def _own(module: str) -> set[str]:
    return {name for name in _imported(module) if name in MODULES}


def _foreign(module: str) -> set[str]:
    return {name for name in _imported(module) if name.partition(".")[0] != "langspan"}


def _unit(module: str) -> str:
    """The module itself, or the package of ours that it is in."""
    parts = module.split(".")
    package = ".".join(parts[:2])
    return package if len(parts) > 1 and MODULES[package].name == "__init__.py" else module


def _layer(module: str) -> int:
    (layer,) = [number for number, units in enumerate(LAYERS) if _unit(module) in units]
    return layer


def _functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        f"{module}:{node.lineno} {node.name}": node
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function but for its docstring."""
    text = node.body[0] if ast.get_docstring(node) else None
    length = (node.end_lineno or 0) - node.lineno + 1
    return length - ((text.end_lineno or 0) - text.lineno + 1 if text else 0)


def test_every_module_has_its_place() -> None:
    placed = {*LAYERS[0].union(*LAYERS), EXPORT}

    assert set() == {_unit(module) for module in MODULES} - placed


def test_no_import_goes_round_in_a_circle() -> None:
    order = list(TopologicalSorter({module: _own(module) for module in MODULES}).static_order())

    assert set(MODULES) == set(order)


@pytest.mark.parametrize("module", [module for module in MODULES if _unit(module) != EXPORT])
def test_imports_go_downward_only(module: str) -> None:
    assert [] == [name for name in _own(module) if _unit(name) != EXPORT and _layer(name) > _layer(module)]


@pytest.mark.parametrize("module", [module for module in MODULES if _unit(module) == EXPORT])
def test_the_export_imports_nothing_of_ours_but_itself(module: str) -> None:
    assert [] == [name for name in _own(module) if _unit(name) != EXPORT]


def test_only_those_who_put_parts_together_import_the_export() -> None:
    users = {_unit(module) for module in MODULES if any(_unit(name) == EXPORT for name in _own(module))}

    assert set() == users - MAY_EXPORT


def test_no_module_imports_the_face_of_the_package() -> None:
    assert [] == [module for module in MODULES if "langspan" in _own(module)]


@pytest.mark.parametrize(
    ("library", "users"),
    [
        ("opentelemetry.sdk", {EXPORT, "langspan.cli"}),
        ("opentelemetry.exporter", {EXPORT, "langspan.cli"}),
        ("langgraph", {"langspan.patches", "langspan.cli"}),
        ("langchain", {"langspan.cli"}),
        (
            "langchain_core",
            {
                "langspan._handler",
                "langspan._slot",
                "langspan.cli",
                "langspan.conventions",
                "langspan.patches",
            },
        ),
        ("wrapt", {"langspan.patches"}),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(library: str, users: set[str]) -> None:
    found = {
        _unit(module)
        for module in MODULES
        if any(f"{name}.".startswith(f"{library}.") for name in _foreign(module))
    }

    assert set() == found - users


def test_the_conventions_take_only_data_types_from_langchain() -> None:
    taken = {
        name for module in MODULES if _unit(module) == "langspan.conventions" for name in _foreign(module)
    }
    data = ("langchain_core.messages", "langchain_core.outputs", "langchain_core.documents")

    assert [] == [name for name in taken if name.startswith("langchain") and not name.startswith(data)]


def test_the_conventions_have_no_effect_on_telemetry() -> None:
    taken = {
        name for module in MODULES if _unit(module) == "langspan.conventions" for name in _foreign(module)
    }

    assert [] == [name for name in taken if name.startswith("opentelemetry") and "semconv" not in name]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(_tree(module))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_at_a_glance(module: str) -> None:
    assert MAX_LINES >= len(MODULES[module].read_text(encoding="utf-8").splitlines())


def test_most_functions_are_short() -> None:
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for node in _functions().values())

    assert P90_FUNCTION >= lengths[int(0.9 * len(lengths))]


def test_no_function_is_long() -> None:
    assert [] == [name for name, node in _functions().items() if _code_lines(node) > MAX_FUNCTION]


def test_a_function_of_many_lines_says_what_it_does() -> None:
    assert [] == [
        name
        for name, node in _functions().items()
        if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION and not ast.get_docstring(node)
    ]


def test_only_the_command_line_prints() -> None:
    printing = {
        _unit(module)
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }

    assert set() == printing - {"langspan.cli"}


def test_no_function_changes_a_global_name() -> None:
    assert [] == [
        module for module in MODULES for node in ast.walk(_tree(module)) if isinstance(node, ast.Global)
    ]
