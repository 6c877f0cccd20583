"""Turn one condition of langspan round, whoever asks it: what was kept in gets out, or the other way round.

A function's code is replaced in place, so that everything that refers to the function sees the change.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any


@dataclass(frozen=True)
class Condition:
    """A condition in the source, without `and`, `or` and `not`.

    Attributes:
        module: Where it stands.
        function: Qualified name of the function around it.
        text: Its source.
        number: It is so many-th of all conditions of its module.
    """

    module: str
    function: str
    text: str
    number: int

    def __str__(self) -> str:
        return f"{self.module.removeprefix('langspan.')}.{self.function}: {self.text}"


def conditions(module: str, words: str) -> list[Condition]:
    """The conditions of a module that mention one of the words, or are in a function of such a name.

    Args:
        module: Its full name.
        words: A regular expression.
    """
    found = [
        Condition(module, function, ast.unparse(node), number)
        for number, (function, node) in enumerate(_conditions(_tree(module)))
    ]
    return [each for each in found if re.search(words, each.text) or re.fullmatch(words, each.function)]


@contextmanager
def flipped(condition: Condition) -> Iterator[None]:
    """Turn a condition round."""
    held = _held(condition)
    function = inspect.unwrap(held)
    original = function.__code__
    tree = _tree(condition.module)
    _, node = list(_conditions(tree))[condition.number]
    _negate(tree, node)
    compiled = compile(ast.fix_missing_locations(tree), original.co_filename, "exec")
    function.__code__ = next(each for each in _codes(compiled) if _is_same(each, original))
    _forget(held)
    try:
        yield
    finally:
        function.__code__ = original
        _forget(held)


def _held(condition: Condition) -> Any:
    found: Any = importlib.import_module(condition.module)
    for name in condition.function.split("."):
        found = vars(found)[name]
    return found


def _forget(held: Any) -> None:
    """What one that remembers answered before must not stand for what it answers now."""
    if hasattr(held, "cache_clear"):
        held.cache_clear()


def _is_same(code: CodeType, original: CodeType) -> bool:
    return (code.co_qualname, code.co_firstlineno) == (original.co_qualname, original.co_firstlineno)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


def _negate(tree: ast.Module, node: ast.expr) -> None:
    class Negation(ast.NodeTransformer):
        def visit(self, found: ast.AST) -> Any:
            if found is node:
                return ast.UnaryOp(ast.Not(), node)
            return super().visit(found)

    Negation().visit(tree)


def _conditions(node: ast.AST, function: str = "") -> Iterator[tuple[str, ast.expr]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _conditions(child, f"{function}.{child.name}".removeprefix("."))
            continue
        if function:
            for test in _tests(child):
                yield from ((function, part) for part in _parts(test))
        yield from _conditions(child, function)


def _tests(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that decide something where a node stands."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test
    elif isinstance(node, ast.comprehension):
        yield from node.ifs
    elif isinstance(node, ast.Assign | ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp):
        yield node.value


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _parts(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _parts(test.operand)
    else:
        yield test


def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))


@functools.cache
def _source(module: str) -> str:
    return inspect.getsource(importlib.import_module(module))
