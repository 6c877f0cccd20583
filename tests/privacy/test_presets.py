"""The ready-made functions hide what is private wherever in a run it stands."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

import langspan
from langspan import redact
from support.models import ScriptedChat
from support.telemetry import Telemetry

PRIVATE = {
    "mail": "ann.lee@example.com",
    "card": "4111 1111 1111 1111",
    "nested": {"deep": [{"phone": "+49 30 1234567"}, "see 10.20.30.40"]},
    "key sk-proj-abcdefghijklmnopqrstuv": "password=hunter22",
}
TEXTS = ("ann.lee@", "4111 1111", "1234567", "10.20.30", "sk-proj", "hunter22")
PRESETS = redact.all_of(redact.secrets, redact.emails, redact.cards, redact.phones, redact.ips)


@tool
def keep_record(record: dict[str, Any]) -> dict[str, Any]:
    """Keep a record of a customer."""
    return {"kept": record}


def _conversation() -> list[Any]:
    call = {"name": "keep_record", "args": {"record": PRIVATE}, "id": "c1", "type": "tool_call"}
    return [
        HumanMessage(str(PRIVATE)),
        AIMessage("", tool_calls=[call]),
        ToolMessage(str(PRIVATE), tool_call_id="c1"),
    ]


def _exported(**settings: Any) -> bytes:
    telemetry = Telemetry()
    with (
        telemetry.instrumented(capture_content="both", **settings),
        langspan.context(metadata={"customer": PRIVATE}),
    ):
        keep_record.invoke({"record": PRIVATE})
        ScriptedChat(answers=[str(PRIVATE)]).invoke(_conversation())
    return b"".join(request.SerializeToString() for request in telemetry.requests())


def test_no_private_text_gets_out() -> None:
    exported = _exported(redact=PRESETS)
    assert [] == [text for text in TEXTS if text.encode() in exported]
    assert [] == [
        mark for mark in (b"[email]", b"[card]", b"[phone]", b"[ip]", b"[secret]") if mark not in exported
    ]


def test_without_them_every_one_does() -> None:
    exported = _exported()
    assert [] == [text for text in TEXTS if text.encode() not in exported]
