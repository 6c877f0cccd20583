"""`langspan view` on what the real Jaeger and the real collector give."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.trace import StatusCode

from langspan.cli import main
from langspan.cli.reading import read
from support.backends import Backends, get
from support.handmade import HandMade, send


def made_trace() -> HandMade:
    """A trace with a number, an error and a child."""
    made = HandMade()
    with made.tracer.start_as_current_span("root"):
        call = made.tracer.start_span("chat m", attributes={"gen_ai.usage.input_tokens": 12})
        call.set_attribute("error.type", "openai.Timeout")
        call.set_status(StatusCode.ERROR, "no answer")
        call.end()
    return made


@pytest.mark.parametrize("api", ["/api/traces/", "/api/v3/traces/"])
def test_what_jaeger_answers_is_the_trace_that_was_sent(
    backends: Backends, tmp_path: Path, api: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = made_trace()
    send(made.spans, backends.collector, "http")
    backends.jaeger.trace(made.trace_id, spans=2)
    path = tmp_path / "trace.json"
    path.write_bytes(get(f"{backends.jaeger.url}{api}{made.trace_id}") or b"")

    assert 0 == main(["view", str(path)])
    root, call = capsys.readouterr().out.splitlines()[-2:]
    assert root.startswith("root ")
    assert call.startswith("└─ chat m ")
    assert call.endswith("12  ✗ openai.Timeout: no answer")
    rows = read(str(path), pytest.fail)
    stored = {int(row.span_id, 16): row.name for row in rows}
    assert stored == {span.context.span_id: span.name for span in made.spans}
