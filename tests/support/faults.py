"""Make one function of langspan fail, whoever calls it and however it is bound.

A function's code is replaced in place, so every table, closure and import that refers to the function sees
the fault. A nested function is part of the code of the function around it: that one is replaced then, before
it makes the nested one.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import langspan

APART = (
    "langspan.catalogue",
    "langspan.cli",
    "langspan.dialects",
    "langspan.diff",
    "langspan.export",
    "langspan.page",
    "langspan.testing",
)
"""What stands apart from the engine."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef


class InjectedError(RuntimeError):
    """The fault."""


@dataclass(frozen=True)
class Target:
    """A function of langspan.

    Attributes:
        module: Where it is defined.
        path: Names of the classes and functions around it, and its own.
        line: Where its definition starts; two functions may have one name.
        outer: As many names of the path lead to the outermost function.
    """

    module: str
    path: tuple[str, ...]
    line: int
    outer: int

    def __str__(self) -> str:
        return ".".join((self.module.removeprefix("langspan."), *self.path))


def targets() -> list[Target]:
    """Every function of the engine that has code to fail in, nested ones too."""
    names = (info.name for info in pkgutil.walk_packages(langspan.__path__, "langspan."))
    return [target for name in names if not name.startswith(APART) for target in _targets_of(name)]


def _targets_of(module: str) -> Iterator[Target]:
    for path, outer, node in _definitions(_tree(module)):
        if len(node.body) > (ast.get_docstring(node) is not None):
            yield Target(module, path, node.lineno, outer)


def _definitions(
    node: ast.AST, path: tuple[str, ...] = (), outer: int = 0
) -> Iterator[tuple[tuple[str, ...], int, Definition]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _definitions(child, (*path, child.name), outer)
        elif isinstance(child, Definition):
            below = (*path, child.name)
            yield below, outer or len(below), child
            yield from _definitions(child, below, outer or len(below))
        else:
            yield from _definitions(child, path, outer)


# -- injection

_acts: dict[str, Callable[[], None]] = {}


def strike(place: str) -> None:
    """What the inserted code calls; nothing where it outlives the fault, as in a hook on imports."""
    act = _acts.get(place)
    if act is not None:
        act()


@contextmanager
def fault(target: Target, *, late: bool = False) -> Iterator[list[int]]:
    """Make a function raise, at once or when it has done its work.

    Yields:
        A list that grows with every time the fault is hit.
    """
    hits: list[int] = []

    def act() -> None:
        hits.append(1)
        raise InjectedError(f"injected in {target}")

    with _inserted({target: act}, late=late):
        yield hits


@contextmanager
def watched(chosen: Iterable[Target], seen: Callable[[Target], None]) -> Iterator[None]:
    """Tell of every call of the functions, without a fault."""
    with _inserted({target: functools.partial(seen, target) for target in chosen}, late=False):
        yield


@contextmanager
def _inserted(acts: dict[Target, Callable[[], None]], *, late: bool) -> Iterator[None]:
    originals: list[tuple[FunctionType, CodeType]] = []
    _acts.update({_place(target): act for target, act in acts.items()})
    try:
        for module in {target.module for target in acts}:
            inside = [target for target in acts if target.module == module]
            compiled = _compiled(module, inside, late=late)
            for path in {target.path[: target.outer] for target in inside}:
                for function in _functions(module, path):
                    originals.append((function, function.__code__))
                    function.__code__ = _code(compiled, path, function.__code__.co_firstlineno)
        yield
    finally:
        for function, code in originals:
            function.__code__ = code
        _acts.clear()


def _place(target: Target) -> str:
    return f"{target.module}:{target.line}"


def _compiled(module: str, chosen: list[Target], *, late: bool) -> CodeType:
    tree = _tree(module)
    lines = {target.line for target in chosen}
    for _, _, node in list(_definitions(tree)):
        if node.lineno in lines:
            statement = f"__import__('support.faults').faults.strike('{module}:{node.lineno}')"
            inserted = ast.parse(statement).body
            if late:
                node.body = [ast.Try(body=node.body, handlers=[], orelse=[], finalbody=inserted)]
            else:
                node.body = [*inserted, *node.body]
    return compile(ast.fix_missing_locations(tree), str(importlib.import_module(module).__file__), "exec")


def _code(code: CodeType, path: tuple[str, ...], line: int) -> CodeType:
    """The code of a function in the code of its module."""
    for name in path[:-1]:
        code = next(each for each in _codes(code) if each.co_name == name)
    return next(each for each in _codes(code) if each.co_name == path[-1] and each.co_firstlineno == line)


def _codes(code: CodeType) -> Iterator[CodeType]:
    return (each for each in code.co_consts if isinstance(each, CodeType))


def _functions(module: str, path: tuple[str, ...]) -> Iterator[FunctionType]:
    """The live functions of that name: a property may have several. One that remembers is made to forget."""
    found: Any = importlib.import_module(module)
    for name in path:
        found = vars(found)[name]
    if hasattr(found, "cache_clear"):
        found.cache_clear()
    if isinstance(found, property):
        yield from (each for each in (found.fget, found.fset) if isinstance(each, FunctionType))
    else:
        yield inspect.unwrap(getattr(found, "__func__", found))


def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))


@functools.cache
def _source(module: str) -> str:
    return inspect.getsource(importlib.import_module(module))
