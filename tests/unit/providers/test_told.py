"""What providers sent, in the shapes in which their SDKs hand it to LangChain's packages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from langspan.providers.told import (
    anthropic_event_facts,
    completion_facts,
    gemini_facts,
    response_event_facts,
)

CHUNK = {"id": "c1", "model": "m", "choices": [], "system_fingerprint": None}
FACTS = {"id": "c1", "model": "m"}


@pytest.mark.parametrize(
    ("read", "answer", "expected"),
    [
        pytest.param(completion_facts, CHUNK, FACTS, id="chunk"),
        pytest.param(completion_facts, {"type": "chunk", "chunk": CHUNK}, FACTS, id="parsed chunk"),
        pytest.param(completion_facts, SimpleNamespace(**CHUNK), FACTS, id="object"),
        pytest.param(completion_facts, {"id": "", "model": "", "service_tier": "flex"}, {}, id="no names"),
        pytest.param(completion_facts, {"id": 7, "model": "m"}, {"model": "m"}, id="number"),
        pytest.param(completion_facts, None, {}, id="none"),
        pytest.param(
            response_event_facts, SimpleNamespace(response=SimpleNamespace(**CHUNK)), FACTS, id="event"
        ),
        pytest.param(response_event_facts, SimpleNamespace(type="delta"), {}, id="another event"),
        pytest.param(
            anthropic_event_facts, SimpleNamespace(message=SimpleNamespace(**CHUNK)), FACTS, id="message"
        ),
        pytest.param(anthropic_event_facts, SimpleNamespace(type="ping"), {}, id="ping"),
        pytest.param(gemini_facts, SimpleNamespace(response_id="c1", model_version="m"), FACTS, id="Gemini"),
    ],
)
def test_facts(read, answer, expected):
    assert expected == read(answer)
