"""trustcall: an extraction that is mended is one tree, each attempt of the model a span in it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from support.drawing import drawn, written
from support.ecosystem import WAYS, Counting, Describing, check_counted, needed
from support.recording import Recording

trustcall = needed("trustcall")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def extractor() -> Any:
    """An extractor whose model gets an age wrong at first, and then patches what it said."""
    wrong = {"name": "Person", "args": {"name": "Ada", "age": "old"}, "id": "call-1"}
    patch = {
        "name": "PatchFunctionErrors",
        "args": {
            "json_doc_id": "call-1",
            "planned_edits": "a number",
            "patches": [{"op": "replace", "path": "/age", "value": 36}],
        },
        "id": "call-2",
    }
    answers = tuple(AIMessage("", tool_calls=[call]) for call in (wrong, patch))
    chat = Describing(answers=answers, model_name="extractor-model")
    return trustcall.create_extractor(chat, tools=[Person], tool_choice="Person")


TREE = """
    RunnableSequence
      coerce_inputs
      filter_state
      invoke_workflow TrustCall
        node del_tool_call
        node extract
          chat extractor-model
        node patch
          chat extractor-model
        node sync
          validate_or_repatch
        node validate
          handle_retries
        node validate
          handle_retries
"""


@pytest.mark.parametrize("way", [each for each in WAYS if "stream" not in each])
def test_a_mended_extraction_is_one_tree(traced: Recording, way: str) -> None:
    counting = Counting()

    WAYS[way](extractor(), "Ada is 36.", {"callbacks": [counting]})

    assert written(TREE) == drawn(traced.spans)
    check_counted(counting, traced)
