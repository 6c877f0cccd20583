"""A dialect says nothing that is not recorded: content where it is on, and as the hook wants it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from privacy.subjects import CONFIG, SUBJECTS, Subject
from support import ways
from support.canary import masked, sighted
from support.capabilities import BETA, OLD_STREAMS

pytestmark = [OLD_STREAMS, BETA]


def _seen(subject: Subject, **settings: Any) -> set[str]:
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    dialects = ["openinference", "langfuse"]
    provider.add_span_processor(langspan.DialectSpanProcessor(dialects, SimpleSpanProcessor(exporter)))
    way = next(iter(subject.ways))
    langspan.instrument(tracer_provider=provider, **settings)
    try:
        with contextlib.suppress(Exception):  # some are to fail
            ways.run(way, subject.ways[way], subject.build(), subject.value, CONFIG)
    finally:
        langspan.uninstrument()
    spans = exporter.get_finished_spans()
    return sighted(repr([(span.name, dict(span.attributes or {}), span.events) for span in spans]).encode())


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
@pytest.mark.parametrize("settings", [{}, {"capture_content": True, "redact": masked}], ids=["off", "masked"])
def test_what_is_not_recorded_is_not_said_in_other_words(subject: Subject, settings: Any) -> None:
    assert set() == _seen(subject, **settings)


def test_what_is_recorded_is() -> None:
    assert {"human", "answer"} <= _seen(SUBJECTS[0], capture_content=True)
