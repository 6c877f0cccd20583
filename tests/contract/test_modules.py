"""How the source is cut: downward imports only, small modules, short functions."""

from __future__ import annotations

import ast
import functools
import re
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
    {
        "langspan._capture",
        "langspan._events",
        "langspan._guard",
        "langspan._keep",
        "langspan._reading",
        "langspan._export_settings",
        "langspan._budgets",
        "langspan._prices",
        "langspan._setting_parsers",
        "langspan._settings",
        "langspan._spending_settings",
        "langspan._stats",
        "langspan._values",
        "langspan.redact",
    },
    {"langspan.conventions"},
    {"langspan.dialects"},
    {"langspan.providers"},
    {"langspan.content"},
    {"langspan.kinds"},
    {"langspan.context"},
    {"langspan.recording"},
    {"langspan.catalogue"},
    {"langspan.page"},
    {"langspan.diff"},
    {"langspan.langchain"},
    {"langspan._callback_handler", "langspan._instrumentation"},
    {"langspan._instrumentor"},
    {"langspan._at_hand"},
    {"langspan._evaluation", "langspan._propagation"},
    {"langspan._last_trace"},
    {"langspan", "langspan.cli"},
    {"langspan.testing"},
    {"langspan_pytest"},
]
# Stands apart: OpenTelemetry only. Whoever puts the parts together may use it.
EXPORT = "langspan.export"
MAY_EXPORT = {
    EXPORT,
    "langspan",
    "langspan._instrumentation",
    "langspan._instrumentor",
    "langspan._last_trace",
    "langspan.cli",
}
MAY_BE_EXPORTED_TO = {
    "langspan._export_settings",
    "langspan._keep",
    "langspan._stats",
    "langspan.conventions.names",
}
MAX_LINES, MAX_FUNCTION, P90_FUNCTION = 260, 45, 15


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
def test_the_export_imports_nothing_of_ours_but_itself_and_the_settings(module: str) -> None:
    others = {name for name in _own(module) if _unit(name) != EXPORT}

    assert set() == others - MAY_BE_EXPORTED_TO


def test_only_those_who_put_parts_together_import_the_export() -> None:
    users = {_unit(module) for module in MODULES if any(_unit(name) == EXPORT for name in _own(module))}

    assert set() == users - MAY_EXPORT


def test_no_module_imports_the_face_of_the_package() -> None:
    assert [] == [module for module in MODULES if "langspan" in _own(module)]


@pytest.mark.parametrize(
    ("library", "users"),
    [
        ("opentelemetry.sdk", {EXPORT, "langspan.cli", "langspan.dialects", "langspan.testing"}),
        ("opentelemetry.exporter", {EXPORT, "langspan.cli"}),
        ("langgraph", {"langspan.langchain", "langspan.cli"}),
        ("langchain", {"langspan.cli"}),
        ("langchain_core", {"langspan.cli", "langspan.content", "langspan.langchain"}),
        ("wrapt", {"langspan.langchain"}),
        ("pytest", {"langspan_pytest"}),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(library: str, users: set[str]) -> None:
    found = {
        _unit(module)
        for module in MODULES
        if any(f"{name}.".startswith(f"{library}.") for name in _foreign(module))
    }

    assert set() == found - users


def test_content_takes_only_data_types_from_langchain() -> None:
    taken = {name for module in MODULES if _unit(module) == "langspan.content" for name in _foreign(module)}
    data = ("langchain_core.messages", "langchain_core.outputs", "langchain_core.documents")

    assert [] == [name for name in taken if name.startswith("langchain") and not name.startswith(data)]


PURE = {
    "langspan.catalogue",
    "langspan.content",
    "langspan.conventions",
    "langspan.diff",
    "langspan.kinds",
    "langspan.page",
    "langspan.providers",
}


def test_pure_modules_take_nothing_of_opentelemetry_but_the_kind_of_a_span() -> None:
    taken = {
        f"{node.module}.{alias.name}"
        for module in MODULES
        if _unit(module) in PURE
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("opentelemetry")
        for alias in node.names
    }

    assert {"opentelemetry.trace.SpanKind"} == taken


def _calls(*methods: str) -> set[str]:
    """The units that call a method of one of these names."""
    return {
        _unit(module)
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods
    }


def test_only_the_recording_and_the_command_line_start_spans() -> None:
    """But for the export's router, which hands on what they start."""
    found = _calls("start_span", "start_as_current_span")
    assert {"langspan.recording", "langspan.cli"} == found - {EXPORT}


def test_only_the_context_attaches_and_nothing_detaches() -> None:
    assert ({"langspan.context"}, set()) == (_calls("attach"), _calls("detach"))


def test_the_recording_knows_no_kind_of_run_by_name() -> None:
    known = {
        name
        for module in MODULES
        if _unit(module) == "langspan.recording"
        for name in _own(module)
        if _unit(name) == "langspan.kinds"
    }

    assert {
        f"langspan.kinds.{name}" for name in ("any_run", "base", "conversations", "registry", "sums")
    } >= known


def test_only_the_settings_name_our_own_variables() -> None:
    naming = {
        module
        for module in MODULES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch("LANGSPAN_[A-Z_]+", node.value)
    }

    assert {"langspan._settings", "langspan._export_settings", "langspan._spending_settings"} == naming


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is_for(module: str) -> None:
    assert ast.get_docstring(_tree(module))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_at_a_glance(module: str) -> None:
    assert MAX_LINES >= len(MODULES[module].read_text(encoding="utf-8").splitlines())


def test_most_functions_are_short() -> None:
    lengths = sorted(map(_code_lines, _functions().values()))

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
