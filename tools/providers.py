"""Writes docs/providers.md from the table that the tests hold against real exchanges: `make pages`."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from support.markdown import code, codes, prose, table
from support.providers.absences import NEVER_SENT, ONLY_SENT_BY
from support.providers.cells import Mark, losing, mark, peculiar
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.facts import INPUT, OUTPUT
from support.providers.losses import LOSSES
from support.providers.scenarios import MODES, SCENARIOS, Scenario
from support.providers.table import FACTS, SPECIAL, Loss, Situation

PAGE = Path(__file__).resolve().parents[1] / "docs" / Path(__file__).with_suffix(".md").name
_PINNED = PAGE.parents[1] / "requirements" / "newest.txt"

_HEAD = """\
# Providers

What the span of a model call says, for each LangChain class. In short:
"""
_HOW = f"""\
## How to read the tables

The real package calls a server on loopback that speaks the provider's format. What the span has to say is
read from the bytes that were sent. Each cell is a passing test in `tests/providers`. Made by `make pages`
from the tables of these tests in `tests/support/providers`: change it there.

The tables are true of `instrument()`. Several packages drop the response id or the answering model on the
way, and its patches find them there. With `CallbackHandler` alone they are missing.

* {Mark.RECORDED} recorded whenever it was sent
* {Mark.PART} recorded, except for what the [notes](#notes) with these numbers say
* {Mark.LOST} lost by LangChain's package before any callback, as the note says
* {Mark.NEVER_SENT} [never sent](#never-sent)
"""
_TITLES = {**FACTS, **SPECIAL}
_PLACES: Mapping[Situation, str] = {
    "whole": "in one piece",
    "streamed": "streamed",
    "cut": "cut off while streamed",
    "failed": "failed",
}
_SCENES = {
    "plain": "A question, and an answer of a few words.",
    "usage not asked for": "Without the argument that makes some classes ask for the tokens of a stream.",
    "usage never sent": "The server counts no tokens.",
    "parameters": "Request parameters, given to the constructor.",
    "parameters of the call": "Others, given to the call, which win.",
    "another model": "The call asks for another model than its object was made with.",
    "length": "The answer reaches the limit of tokens.",
    "content filter": "The provider's filter ends the answer.",
    "refusal": "The model declines, or the provider blocks the prompt.",
    "tool call": "The model calls a bound tool.",
    "structured by tool": "`with_structured_output`, by `function_calling`.",
    "structured by schema": "The same, by `json_schema`.",
    "JSON mode": "The same, by `json_mode`.",
    "reasoning": "The model thinks before it answers.",
    "reasoning level": "The application says how much.",
    "cache read": "Part of the prompt comes from the provider's cache.",
    "cache write": "Part of it goes there.",
    "input counted early": "A stream counts what came in at its start only.",
    "two choices": "The application asks for two answers.",
    "unauthorized": "Status 401.",
    "rate limited": "Status 429.",
    "server error": "Status 500.",
    "cut": "The connection breaks in the middle of the answer.",
    "timeout": "No answer comes, until the client gives up.",
}

_Cells = Mapping[str, str]


def render() -> str:
    """The whole page."""
    notes = _Notes()
    parts = (_facts(notes), _scenarios(notes), _notes(notes), _never_sent(), _classes(), _names())
    parts = (_verdict(), [_HOW], *parts)
    return "\n".join([_HEAD, *(line for part in parts for line in part)]).rstrip("\n") + "\n"


def _verdict() -> Iterator[str]:
    """What the tables come to, in five lines."""
    cells = {(name, fact): mark(name, fact) for name in CLIENTS for fact in FACTS}
    count = Counter(cells.values())
    sent = len(cells) - count[Mark.NEVER_SENT]
    always = [FACTS[fact] for fact in FACTS if {cells[name, fact] for name in CLIENTS} == {Mark.RECORDED}]
    gaps = {name: sum(cells[name, fact] in {Mark.PART, Mark.LOST} for fact in FACTS) for name in CLIENTS}
    lost = Counter(fact for (_, fact), shown in cells.items() if shown is Mark.LOST)
    (first, often), (second, less) = lost.most_common(2)
    complete = [name for name in CLIENTS if {cells[name, INPUT], cells[name, OUTPUT]} == {Mark.RECORDED}]
    partly = [name for name in CLIENTS if name not in complete]
    yield _points(
        f"**Of {sent} facts that {len(CLIENTS)} classes are sent, {count[Mark.RECORDED]} are always "
        f"recorded**, {count[Mark.PART]} in part, {count[Mark.LOST]} never.",
        f"Always, for every class: {', '.join(always)}.",
        f"Tokens in and out: always for {len(complete)} classes; with gaps for {_list(partly)}.",
        f"Lost most often: the {FACTS[first]} ({_counted(often)}) "
        f"and the {FACTS[second]} ({_counted(less)}).",
        f"Fewest gaps: {_with(gaps, min)}. Most gaps: {_with(gaps, max)}.",
    )


def _counted(count: int) -> str:
    return "1 class" if count == 1 else f"{count} classes"


def _points(*lines: str) -> str:
    return "".join(textwrap.indent(prose(line), "  ").replace("  ", "* ", 1) for line in lines)


def _with(gaps: Mapping[str, int], choose: Callable[[Iterable[int]], int]) -> str:
    """The classes with the fewest gaps, or the most."""
    number = choose(gaps.values())
    return f"{_list(name for name, found in gaps.items() if found == number)} ({number})"


class _Notes:
    """What is lost, numbered: what several classes lose in the same way is one note.

    Attributes:
        rows: What is lost, when and why, with the classes that lose it.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], list[str]] = {}
        for client in CLIENTS.values():
            for note in _told(client):
                self.rows.setdefault(note, []).append(client.name)

    def number(self, client: str, *when_and_why: str) -> int:
        """Of what a class loses, by when and why."""
        (number,) = (
            number
            for number, ((_, *place), names) in enumerate(self.rows.items(), 1)
            if client in names and place == [*when_and_why]
        )
        return number

    def numbers(self, client: str, losses: Iterable[Loss]) -> list[int]:
        """The same, of several losses."""
        return sorted({self.number(client, _when(loss), loss.reason) for loss in losses})


def _told(client: Client) -> Iterator[tuple[str, str, str]]:
    """What a class loses, when and why."""
    lost: dict[tuple[str, str], list[str]] = {}
    for loss in LOSSES[client.name]:
        changed = "" if loss.leaves is None and not loss.instead else " (changed)"
        titles = [title + changed for fact, title in _TITLES.items() if fact in loss.facts]
        lost.setdefault((_when(loss), loss.reason), []).extend(titles)
    for (when, why), titles in lost.items():
        yield ", ".join(titles), when, why
    for scenario in client.raises:
        yield "the answer", *_raised(client, scenario)
    for scenario, why in client.skips.items():
        yield "not played", _in(scenario), why


def _raised(client: Client, scenario: str) -> tuple[str, str]:
    error = client.raises[scenario].rpartition(".")[2]
    return f"{_in(scenario)}, {_PLACES['whole']}", f"{client.package} raises {error} over it"


def _when(loss: Loss) -> str:
    always = {"whole", "streamed"} <= {*loss.when}
    parts = (
        _in(*loss.only) if loss.only else "",
        "" if always else " or ".join(_PLACES[situation] for situation in loss.when),
        f"by {codes(loss.modes)}" if loss.modes else "",
        f"not {_in(*loss.but_not)}" if loss.but_not else "",
    )
    return ", ".join(filter(None, parts)) or "always"


def _in(*scenarios: str) -> str:
    return f"in *{', '.join(scenarios)}*"


def _facts(notes: _Notes) -> Iterator[str]:
    yield "## Facts\n"
    columns = {
        title: {name: _cell(notes, client.name, fact) for name, client in CLIENTS.items()}
        for fact, title in FACTS.items()
    }
    everywhere = [title for title, cells in columns.items() if {*cells.values()} == {Mark.RECORDED.value}]
    yield _by_class({title: cells for title, cells in columns.items() if title not in everywhere})
    yield prose(f"{Mark.RECORDED} for every class: {', '.join(everywhere)}.")
    yield prose("Only these classes have:")
    yield table(
        ("Fact", "Classes"),
        (
            (title, ", ".join(f"{_shown(name)} {_cell(notes, name, fact)}" for name in ONLY_SENT_BY[fact]))
            for fact, title in SPECIAL.items()
        ),
    )


def _cell(notes: _Notes, client: str, fact: str) -> str:
    shown = mark(client, fact)
    losses = losing(client, fact) if shown in {Mark.PART, Mark.LOST} else []
    return " ".join([shown.value, *map(str, notes.numbers(client, losses))])


def _scenarios(notes: _Notes) -> Iterator[str]:
    yield "## Scenarios\n"
    yield prose(
        f"Each scenario runs with {codes(MODES)}. {Mark.RECORDED}: the span has everything that was sent, "
        "apart from what the class loses in a plain call too (see above). A number is a note on what else is "
        "lost; a number without a mark, on why the scenario does not run. An empty cell: it does not run, "
        "usually because the API or the class has no such feature."
    )
    columns = {
        scenario.name: {name: _scene(notes, client, scenario) for name, client in CLIENTS.items()}
        for scenario in SCENARIOS.values()
    }
    everywhere = [title for title, cells in columns.items() if {*cells.values()} == {Mark.RECORDED.value}]
    yield _by_class({title: cells for title, cells in columns.items() if title not in everywhere})
    yield prose(f"{Mark.RECORDED} for every class: {', '.join(everywhere)}.")
    yield table(("Scenario", "What happens"), ((name, _SCENES[name]) for name in SCENARIOS))


def _scene(notes: _Notes, client: Client, scenario: Scenario) -> str:
    if reason := client.skips.get(scenario.name):
        return str(notes.number(client.name, _in(scenario.name), reason))
    if scenario not in client.scenarios():
        return ""
    numbers = notes.numbers(client.name, peculiar(client, scenario))
    if scenario.name in client.raises:
        numbers.append(notes.number(client.name, *_raised(client, scenario.name)))
    return " ".join([Mark.PART if numbers else Mark.RECORDED, *map(str, numbers)])


def _notes(notes: _Notes) -> Iterator[str]:
    yield "## Notes\n"
    yield prose("A fact marked *(changed)* is on the span, but not with the value that was sent.")
    yield table(
        ("", "Lost", "When", "Why", "Classes"),
        ((str(number), *note, _list(names)) for number, (note, names) in enumerate(notes.rows.items(), 1)),
    )


def _never_sent() -> Iterator[str]:
    yield "## Never sent\n"
    found: dict[tuple[str, str], list[str]] = {}
    for fact, title in FACTS.items():
        for name in CLIENTS:
            if fact in NEVER_SENT[name]:
                found.setdefault((title, NEVER_SENT[name][fact]), []).append(name)
    merged: dict[tuple[str, str], list[str]] = {}
    for (title, why), names in found.items():
        merged.setdefault((why, _list(names)), []).append(title)
    yield table(("Fact", "Why", "Classes"), ((", ".join(titles), *row) for row, titles in merged.items()))


def _classes() -> Iterator[str]:
    yield "## Classes\n"
    yield prose("The versions are those that the tests run with, from `requirements/newest.txt`.")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", _PINNED.read_text("utf-8"), re.MULTILINE))
    yield table(
        ("Class", "Package", "Version", "`gen_ai.provider.name`"),
        (
            (_shown(client.name), client.package, pinned[client.package], code(client.provider))
            for client in CLIENTS.values()
        ),
    )


def _names() -> Iterator[str]:
    yield "## Names\n"
    yield prose("The attribute that holds each fact; [Telemetry](telemetry.md) has their types and examples.")
    yield table(("Fact", "Attribute"), ((title, code(fact)) for fact, title in _TITLES.items()))


def _by_class(columns: Mapping[str, _Cells]) -> str:
    """A row for each class; columns that are the same in each row are one."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for title, cells in columns.items():
        merged.setdefault(tuple(cells.values()), []).append(title)
    titles = ("Class", *map(", ".join, merged.values()))
    return table(titles, zip(map(_shown, CLIENTS), *merged, strict=True))


def _list(clients: Iterable[str]) -> str:
    return ", ".join(map(_shown, clients))


def _shown(client: str) -> str:
    """A class as a list has it; a comma would look like the next one."""
    name, _, back_end = client.partition(", ")
    return f"{name} ({back_end})" if back_end else name


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
