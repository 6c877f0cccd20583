"""Every Python block of README.md runs as it is written, and does what the page says."""

from __future__ import annotations

import json

from docs.pages import README
from docs.programs import PROGRAMS

CHAIN = [
    "RunnableSequence",
    "RunnableSequence/ChatPromptTemplate",
    "RunnableSequence/StrOutputParser",
    "RunnableSequence/chat",
]
ANSWER = "To see where the time goes.\n"


def printed(out):
    """The spans that the console exporter printed, by name."""
    decoder, spans = json.JSONDecoder(), {}
    while out:
        span, end = decoder.raw_decode(out)
        spans[span["name"]] = span
        out = out[end:].lstrip()
    return spans


def test_every_python_block_is_one_of_the_programs():
    blocks = [block.code for block in README.blocks if block.language == "python"]
    assert [] == [code for code in blocks if not any(p.app.startswith(code) for p in PROGRAMS.values())]


def test_one_call_traces_the_application_and_exports_at_exit(ran):
    done = ran("one call")
    assert (ANSWER, CHAIN) == (done.out, done.paths())


def test_the_service_has_the_name_that_the_page_tells_to_look_for(ran):
    assert {"my-app"} == {span.resource["service.name"] for span in ran("one call").spans}
    assert any("choose the service `my-app`" in line for line in README.prose)


def test_a_flush_in_time_prints_nothing(ran):
    assert "" == ran("flush").out


def test_the_doctor_finds_nothing_wrong_and_the_file_is_drawn(ran):
    done = ran("help")
    assert ["langspan doctor"] == [span.name for span in done.spans]
    drawn = done.out.partition(ANSWER)[2]
    assert all(step.rpartition("/")[2] in drawn for step in CHAIN)


def test_without_code_the_tree_is_the_same(ran):
    assert "langspan" not in PROGRAMS["no code"].app
    assert (ANSWER, CHAIN) == (ran("no code").out, ran("no code").paths())


def test_a_provider_that_is_there_is_used_and_gets_nothing_added(ran):
    spans = printed(ran("a provider").out)
    assert {"GET /chat", "answer"} == set(spans)
    assert spans["GET /chat"]["context"]["span_id"] == spans["answer"]["parent_id"]
    assert [] == ran("a provider").spans


def test_a_handler_alone_records_to_the_provider_it_is_given(ran):
    assert {"chat"} == set(printed(ran("one handler").out))
    assert [] == ran("one handler").spans


def test_card_numbers_are_redacted(ran):
    text = repr(ran("redact").spans)
    assert "5500005555555559" not in text
    assert "4111111111111111" not in text


def test_content_that_is_on_is_recorded(ran):
    (chat,) = [span for span in ran("redact").spans if span.name == "chat"]
    messages = json.loads(chat.attributes["gen_ai.input.messages"])
    assert "My card is [card]." == messages[0]["parts"][0]["content"]


def test_content_that_is_off_is_not(ran):
    text = repr(ran("one call").spans)
    assert "Why trace" not in text
    assert "where the time goes" not in text
