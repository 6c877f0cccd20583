"""Where some fields of content are recorded only, nothing of the others gets out."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from langspan._capture import CONTENT_FIELDS
from langspan.content.fields import FIELDS
from langspan.conventions import memory, names
from langspan.recording.log_events import is_supported
from privacy.judge import Sightings, expected, observe, pairs, sightings
from privacy.subjects import SUBJECTS, Subject
from support import ways
from support.canary import canary
from support.capabilities import BETA, OLD_STREAMS

pytestmark = [OLD_STREAMS, BETA]

FIELD_OF_ATTRIBUTE = {
    names.GEN_AI_SYSTEM_INSTRUCTIONS: "system",
    names.GEN_AI_TOOL_DEFINITIONS: "tool_definitions",
    names.GEN_AI_INPUT_MESSAGES: "input",
    names.GEN_AI_OUTPUT_MESSAGES: "output",
    names.GEN_AI_TOOL_CALL_ARGUMENTS: "tool_arguments",
    names.GEN_AI_TOOL_CALL_RESULT: "tool_results",
    names.GEN_AI_RETRIEVAL_QUERY_TEXT: "input",
    names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: "documents",
    names.LANGCHAIN_INPUT: "input",
    names.LANGCHAIN_OUTPUT: "output",
    names.LANGCHAIN_EVENT_DATA: "events",
    names.LANGCHAIN_TEXT: "events",
    names.LANGGRAPH_INTERRUPT_VALUES: "events",
    memory.LANGSPAN_MEMORY_NAMESPACE: "documents",
    memory.LANGSPAN_MEMORY_NAMESPACES: "documents",
    memory.GEN_AI_MEMORY_RECORD_ID: "documents",
    memory.GEN_AI_MEMORY_RECORDS: "documents",
    memory.GEN_AI_MEMORY_QUERY_TEXT: "input",
    "exception.message": "exceptions",
}
# What stands in messages and states and belongs to a field of its own there, too.
OF_MESSAGES = {
    "tool_arguments": {"past_call", "bad_call", "answer_call", "argument"},
    "tool_results": {"tool_message", "function_message", "tool_failure", "tool_result"},
    "system": {"system", "template"},
}
# Of an agent that is a tool, question and answer are those of a call in one place, and of a model in another.
BOTH_WAYS = {"inner_answer", "inner_question", "number"}


def _field(place: str) -> str:
    if place == "span status":
        return "exceptions"
    attribute = place.rpartition(": ")[2]
    if attribute.startswith(names.LANGCHAIN_METADATA_PREFIX):
        return "metadata"
    if attribute.startswith(names.LANGCHAIN_PROMPT_VARIABLE_PREFIX):
        return "input"
    return FIELD_OF_ATTRIBUTE[attribute]


def _hidden(fields: set[str]) -> set[str]:
    return {name for field, held in OF_MESSAGES.items() if field not in fields for name in held}


def _wanted(subject: Subject, fields: set[str]) -> tuple[Sightings, Sightings]:
    """What must be seen, and what may be, by place."""
    must: Sightings = defaultdict(set)
    may: Sightings = defaultdict(set)
    for place, seen in expected(subject, span=True, event=is_supported()).items():
        field = _field(place)
        if field in fields:
            shown = seen if field in OF_MESSAGES else seen - _hidden(fields)
            must[place], may[place] = shown - BOTH_WAYS, shown
    return must, may


def _perhaps(subject: Subject, fields: set[str]) -> set[tuple[str, str]]:
    return {
        (f"{owner}: {attribute}", name)
        for attribute, held in subject.perhaps.items()
        for name in held
        for owner in ("span", f"log {names.EventName.OPERATION_DETAILS}")
        if _field(attribute) in fields
    }


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    ("subject", "way"),
    [(each, way) for each in SUBJECTS for way in each.ways if way in ("invoke", "astream")],
    ids=lambda value: getattr(value, "name", value),
)
def test_only_the_field_that_is_on_gets_out(subject: Subject, way: str, field: str) -> None:
    seen = pairs(sightings(observe(subject, way, capture_content={field, "both"})))
    must, may = _wanted(subject, {field})
    extra = {
        place
        for place in seen - pairs(may) - _perhaps(subject, {field})
        if "langchain.metadata." not in place[0]
    }
    assert (set(), set()) == (pairs(must) - seen, extra)
    assert field == "metadata" or not any("langchain.metadata." in place for place, _ in seen)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_all_fields_together_are_all_content(subject: Subject) -> None:
    way = next(iter(subject.ways))
    every = observe(subject, way, capture_content={*FIELDS, "both"})
    assert pairs(sightings(observe(subject, way, capture_content="both"))) == pairs(sightings(every))


def test_the_setting_and_the_content_know_the_same_fields() -> None:
    assert list(FIELDS) == list(CONTENT_FIELDS)


def _flow() -> Any:
    def find(_: Any) -> list[Document]:
        return [Document(canary("page"), metadata={"source": canary("source")})]

    call = {"name": "t", "args": {"q": canary("raw_argument")}, "id": "1", "type": "tool_call"}
    return RunnableLambda(find) | RunnableLambda(lambda found: {"found": found, "call": call})


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"input", "output"}, set()),
        ({"output", "documents"}, {"page", "source"}),
        ({"output", "tool_arguments"}, {"raw_argument"}),
    ],
)
def test_documents_and_tool_calls_in_a_chain_are_fields_of_their_own(
    fields: set[str], seen: set[str]
) -> None:
    subject = Subject("flow", _flow, "hi", ways.RUNNABLE)
    found = sightings(observe(subject, "invoke", capture_content=fields))
    assert seen == {name for place, held in found.items() if "metadata" not in place for name in held}


def test_a_chosen_key_of_the_metadata_is_recorded_whatever_fields_are() -> None:
    subject = dataclasses.replace(SUBJECTS[0])
    found = sightings(observe(subject, "invoke", capture_content={"events"}, metadata_keys=["note"]))
    assert {("span: langchain.metadata.note", "metadata")} == {
        pair for pair in pairs(found) if pair[0].startswith("span")
    }
