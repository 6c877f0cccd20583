"""What was said in a trace, where content was recorded. Pure functions from rows to text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from langspan.cli.columns import printable
from langspan.cli.nesting import nested
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import Style
from langspan.conventions import names

_ROLE: Final = 10
_MOST_LINES: Final = 40
_DIM: Final = "2"
_BOLD: Final = "1"
_PLAIN: Final = (
    (names.GEN_AI_RETRIEVAL_QUERY_TEXT, "query"),
    (names.GEN_AI_RETRIEVAL_DOCUMENTS, "documents"),
    (names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS, "documents"),
    (names.GEN_AI_TOOL_CALL_ARGUMENTS, "arguments"),
    (names.GEN_AI_TOOL_CALL_RESULT, "result"),
    (names.LANGCHAIN_INPUT, "input"),
    (names.LANGCHAIN_OUTPUT, "output"),
)
# What comes in and goes out once more, where a span has it as messages too.
_AS_MESSAGES: Final = frozenset({names.LANGCHAIN_INPUT, names.LANGCHAIN_OUTPUT})
_MESSAGES: Final = (names.GEN_AI_INPUT_MESSAGES, names.GEN_AI_OUTPUT_MESSAGES)


def said(rows: Sequence[SpanRow], style: Style) -> Iterator[str]:
    """Yield what each span of a trace has of content, from the top down.

    A model is told the whole conversation each time: what an earlier call in the trace had too is left out.
    """
    before: set[tuple[str, str]] = set()
    found = False
    for line in nested(rows, style):
        told = [] if line.row is None else list(_told(line.row, before))
        if told and line.row is not None:
            yield from ([""] if found else [])
            yield style.paint(line.label, _BOLD)
            found = True
        for role, text in told:
            yield from _paragraph(role, text, style)
    if not found:
        yield "no content was recorded; instrument(capture_content=True) records it"


def has_content(row: SpanRow) -> bool:
    """Return whether a span says anything of what went in and out."""
    return any(key in row.attributes for key in (*_MESSAGES, *(key for key, _ in _PLAIN)))


def _told(row: SpanRow, before: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield who said what."""
    messages = [*_instructions(row), *(each for key in _MESSAGES for each in _messages(row, key))]
    known = [each for each in messages if each in before]
    if known and len(known) < len(messages):
        yield "...", f"{len(known)} earlier message{'' if len(known) == 1 else 's'}"
    yield from (each for each in messages if each not in before)
    if row.calls_model:
        before.update(messages)
    for key, role in _PLAIN:
        if key in row.attributes and not (messages and key in _AS_MESSAGES):
            yield role, _text(row.attributes[key])


def _instructions(row: SpanRow) -> Iterator[tuple[str, str]]:
    for part in _parsed(row, names.GEN_AI_SYSTEM_INSTRUCTIONS):
        yield "system", _part(part)


def _messages(row: SpanRow, key: str) -> Iterator[tuple[str, str]]:
    for message in _parsed(row, key):
        if not isinstance(message, dict):
            yield "", _text(message)
            continue
        parts = message.get("parts")
        text = "\n".join(map(_part, parts)) if isinstance(parts, list) else _text(message.get("content", ""))
        yield str(message.get("role", "")), text


def _parsed(row: SpanRow, key: str) -> list[Any]:
    """Return the items of an attribute that holds a JSON list; what is none is one item."""
    value = row.attributes.get(key)
    if value is None:
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    return value if isinstance(value, list) else [value]


def _part(part: Any) -> str:
    if not isinstance(part, Mapping):
        return _text(part)
    match part.get("type"):
        case "tool_call":
            return f"calls {part.get('name')}({_text(part.get('arguments', ''))})"
        case "tool_call_response":
            return _text(part.get("response", part.get("result", "")))
        case _:
            rest = {key: value for key, value in part.items() if key != "type"}
            return _text(part["content"]) if "content" in part else f"[{part.get('type')}] {_text(rest)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _paragraph(role: str, text: str, style: Style) -> Iterator[str]:
    room = max(style.width - _ROLE - 2, _ROLE)
    lines = [piece for line in text.splitlines() or [""] for piece in wrap(printable(line), room) or [""]]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"... {len(lines) - _MOST_LINES} more lines"]
    for number, line in enumerate(lines):
        label = printable(role)[:_ROLE] if number == 0 else ""
        yield f"  {style.paint(label.ljust(_ROLE), _DIM)}{line}".rstrip()
