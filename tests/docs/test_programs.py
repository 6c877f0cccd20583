"""Every Python block of the pages runs as it is written, and does what the page says."""

from __future__ import annotations

import json
import re

from docs.pages import CONTRIBUTING, PAGES, README, page
from docs.programs import APP, PROGRAMS
from docs.servers import CALLER, CLOUD_RUN, FASTAPI, LAMBDA, NOTEBOOK, SHOP, TASKS

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


def names_drawn(text):
    """The spans of a drawn trace, from top to bottom."""
    return [re.sub(r"[│├└─ ]*(.*?) *━.*", r"\1", line) for line in text.splitlines() if "━" in line]


def test_every_python_block_is_run():
    run = [text for program in PROGRAMS.values() for text in (program.app, *program.files.values())]
    run += [FASTAPI, *NOTEBOOK, LAMBDA, CLOUD_RUN, TASKS, SHOP, CALLER]
    blocks = [block.code for each in PAGES for block in each.blocks if block.language == "python"]
    assert [] == [code for code in blocks if not any(text.startswith(code) for text in run)]


def test_the_readme_and_the_first_page_show_the_same_application():
    assert APP == page("docs/get-started.md").block("Add one call", "python").code


def test_one_call_traces_the_application_and_exports_at_exit(ran):
    done = ran("one call")
    assert (ANSWER, CHAIN) == (done.out, done.paths())


def test_the_service_has_the_name_that_the_page_tells_to_look_for(ran):
    assert {"my-app"} == {span.resource["service.name"] for span in ran("one call").spans}
    assert any("choose the service `my-app`" in line for line in README.prose)


def test_the_first_trace_is_drawn_as_the_readme_shows_it(ran):
    shown = README.block("See the first trace", "text").code
    drawn = ran("the first trace").out.partition(ANSWER)[2]
    assert names_drawn(shown) == names_drawn(drawn)
    assert shown.splitlines()[2].split() == drawn.splitlines()[2].split()


def test_the_first_trace_needs_no_endpoint(ran):
    assert [] == ran("the first trace").spans


def test_the_first_trace_is_the_same_on_the_first_page(ran):
    first, again = ran("the first trace").out, ran("the first trace, step by step").out
    assert names_drawn(first) == names_drawn(again)


def test_the_doctor_sends_a_span_to_the_endpoint_and_then_the_application_does(ran):
    paths = ran("an endpoint").paths()
    assert sorted(["langspan doctor", *CHAIN]) == paths


def test_a_flush_in_time_prints_nothing(ran):
    assert "" == ran("flush").out


def test_without_code_the_tree_is_the_same(ran):
    assert "langspan" not in PROGRAMS["no code"].app
    assert (ANSWER, CHAIN) == (ran("no code").out, ran("no code").paths())


def test_a_provider_that_is_there_is_used_and_gets_nothing_added(ran):
    spans = printed(ran("a set-up before").out)
    assert {"GET /chat", "answer"} == set(spans)
    assert spans["GET /chat"]["context"]["span_id"] == spans["answer"]["parent_id"]
    assert [] == ran("a set-up before").spans


def test_a_processor_that_comes_later_gets_the_spans_as_well(ran):
    done = ran("a set-up after")
    assert {"GET /chat", "answer"} == set(printed(done.out))
    assert ["GET /chat", "GET /chat/answer"] == done.paths()


def test_a_provider_that_is_passed_gets_the_spans_alone(ran):
    done = ran("a provider")
    assert {"answer"} == set(printed(done.out))
    assert [] == done.spans


def test_a_handler_alone_records_to_the_provider_it_is_given(ran):
    assert {"chat"} == set(printed(ran("one handler").out))
    assert [] == ran("one handler").spans


def test_card_numbers_are_redacted(ran):
    text = repr(ran("redact").spans)
    assert "5500005555555559" not in text
    assert "4111111111111111" not in text


def test_ready_made_functions_redact_card_numbers(ran):
    text = repr(ran("redact with what is there").spans)
    assert "[card]" in text
    assert "5500005555555559" not in text
    assert "4111111111111111" not in text


def test_fields_that_are_on_are_recorded(ran):
    (chat,) = [span for span in ran("some content").spans if span.name == "chat"]
    assert "5500005555555559" in chat.attributes["gen_ai.input.messages"]


def test_content_that_is_on_is_recorded(ran):
    (chat,) = [span for span in ran("redact").spans if span.name == "chat"]
    messages = json.loads(chat.attributes["gen_ai.input.messages"])
    assert "My card is [card]." == messages[0]["parts"][0]["content"]


def test_content_that_is_off_is_not(ran):
    text = repr(ran("one call").spans)
    assert "Why trace" not in text
    assert "where the time goes" not in text


def test_of_fifty_requests_the_failing_one_is_found(ran):
    first, *drawn = ran("fifty requests").out.splitlines()
    assert "request-23 failed" == first
    assert ["parse"] == names_drawn("\n".join(line for line in drawn if "✗ ValueError" in line))
    assert 1 == sum(line.startswith("trace ") for line in drawn)


def test_the_views_of_the_page_show_what_it_says(ran):
    listed, rest = ran("view").out.split("\ntrace ", 1)
    failed, rest = rest.split("\nconversation customer-0", 1)
    turns, summed = rest.split("\n3 traces, 1 failed\n", 1)
    assert 3 == len(listed.splitlines()) - 1
    assert "✗ KeyError" in failed
    assert " · 2 turns · " in turns.splitlines()[0]
    assert [1, 1] == [turns.count(said) for said in ("assistant It left today.", "Until when can I")]
    assert ["(unknown)", "2"] == summed.splitlines()[-1].split()[:2]


def test_the_sum_of_a_conversation_is_that_of_the_page(ran):
    said = [line for line in page("docs/recipes/tokens.md").prose if line.startswith("It prints ")]
    assert [f"It prints `{ran('tokens').out.strip()}`."] == said


def test_what_a_block_gives_is_on_the_spans(ran):
    spans = ran("context").spans
    names = ("user.id", "langchain.tags", "langchain.metadata.plan")
    assert {("u-1", ("support",), "free")} == {
        (span.attributes[names[0]], tuple(span.attributes[names[1]]), span.attributes[names[2]])
        for span in spans
    }
    asked = [span for span in spans if "gen_ai.operation.name" in span.attributes]
    assert ["customer-17"] * 2 == [span.attributes["gen_ai.conversation.id"] for span in asked]


def test_a_job_goes_on_in_the_trace_that_sent_it(ran):
    assert ["accept", "accept/answer"] == ran("a job").paths()


def test_a_run_says_where_its_trace_is(ran):
    done = ran("run at hand")
    first, second, third = done.out.splitlines()
    (root,) = [span for span in done.spans if not span.parent_id]
    assert f"support: http://localhost:16686/trace/{root.trace_id}" == first
    assert (root.trace_id, first.partition(" ")[2]) == (second, third)


def test_an_answer_is_judged_at_once_and_later_from_another_process(ran):
    done = ran("evaluation")
    judged = {span.name: span.attributes for span in done.spans if span.name.startswith("evaluate ")}
    assert ["support/evaluate brevity", "support/evaluate user_feedback"] == [
        path for path in done.paths() if "evaluate" in path
    ]
    assert (1.0, "thumbs-down") == (
        judged["evaluate brevity"]["langspan.evaluation.score.value"],
        judged["evaluate user_feedback"]["langspan.evaluation.score.label"],
    )


def test_of_three_questions_the_failing_one_is_sent(ran):
    """Of the others each is kept by its id, at random; every trace has three spans."""
    done = ran("keep")
    assert f"{len(done.spans)} sent, {9 - len(done.spans)} left out\n" == done.out
    (failing,) = [span for span in done.spans if not span.parent_id and span.status == "ERROR"]
    assert 3 == sum(span.trace_id == failing.trace_id for span in done.spans)


def test_what_a_call_costs_is_drawn_as_the_page_shows_it(ran):
    shown, drawn = page("docs/cost.md").block("Cost", "text").code, ran("cost").out
    assert shown.splitlines()[0].split(" · ")[3:] == drawn.splitlines()[0].split(" · ")[3:]
    assert shown.splitlines()[2].split() == drawn.splitlines()[2].split()
    assert shown.splitlines()[-1].split()[-3:] == drawn.splitlines()[-1].split()[-3:]


def test_a_set_up_with_budgets_prints_nothing(ran):
    assert "" == ran("budgets").out


def test_an_agent_that_has_used_too_much_is_stopped_as_the_page_says(ran):
    """Three calls of 40 tokens go beyond 100."""
    done = ran("stop at a budget")
    said = [line for line in page("docs/budgets.md").prose if line.startswith("It prints ")]
    assert [f"It prints `{done.out.strip()}`"] == said
    (root,) = [span for span in done.spans if not span.parent_id]
    assert (3, ["langspan.budget.exceeded"]) == (
        sum(span.name.startswith("chat") for span in done.spans),
        [event.name for event in root.events],
    )


def test_the_page_holds_both_turns_of_the_conversation(ran):
    shown = ran("page").out
    data = shown.partition('id="data">')[2].partition("</script>")[0]
    page = json.loads(data)
    assert [("geography-1", 2)] == [(group["conversation"], len(group["traces"])) for group in page["groups"]]
    assert all(text in data for text in ("What is the capital of Norway?", "About 700,000."))


def test_a_script_keeps_its_last_trace(ran):
    assert re.fullmatch(r"<trace [0-9a-f]{32}: 1 spans, 0 errors, [\d.e-]+ s>\n", ran("last trace").out)


def test_two_runs_part_where_one_leaves_out_a_tool(ran):
    out = ran("diff").out
    lines = out.splitlines()
    assert "They part at support > execute_tool track_parcel: only in the first run" in lines
    assert ["- execute_tool track_parcel"] == [
        " ".join(line.split()[:3]) for line in lines if line.startswith("-")
    ]
    assert "they differ" == lines[-1]


def test_a_tenants_handler_takes_the_whole_trace(ran):
    done = ran("a handler for each tenant")
    assert (["acme: strip", "acme: upper", "acme: RunnableSequence"], []) == (
        done.out.splitlines(),
        done.spans,
    )


def test_a_router_sends_each_trace_to_its_tenant(ran):
    done = ran("a router")
    assert "RouterStats(tenants=0, closing=0, closed=2, unrouted=0, failed=0)\n" == done.out
    names = ["RunnableSequence", "strip", "upper"]
    tenants = {
        name: [span for span in done.spans if span.resource["tenant"] == name] for name in ("acme", "globex")
    }
    assert [names, names] == [sorted(span.name for span in spans) for spans in tenants.values()]


def test_a_dialect_says_kind_session_and_content(ran):
    spans = ran("a dialect").spans
    assert {("CHAIN", "s-1", "u-1")} == {
        tuple(span.attributes[name] for name in ("openinference.span.kind", "session.id", "user.id"))
        for span in spans
    }
    (root,) = [span for span in spans if not span.parent_id]
    assert (" hello ", "HELLO") == (root.attributes["input.value"], root.attributes["output.value"])


def test_a_dialect_is_spoken_by_a_provider_of_ones_own(ran):
    (span,) = ran("a dialect in a provider").spans
    assert ("chain", "upper") == (
        span.attributes["langfuse.observation.type"],
        span.attributes["langfuse.trace.name"],
    )


def test_a_job_of_the_night_sends_everything_at_its_end(ran):
    done = ran("cron")
    assert "Oslo All quiet.\nTromsø All quiet.\n" == done.out
    assert 2 == len({span.trace_id for span in done.spans})
    assert {("nightly",)} == {
        tuple(span.attributes["langchain.tags"]) for span in done.spans if not span.parent_id
    }


def test_own_attributes_are_on_the_spans(ran):
    done = ran("attributes")
    assert "try again\n" == done.out
    assert ["acme", "acme"] == [span.attributes["app.tenant"] for span in done.spans]
    assert [None, True] == [span.attributes.get("app.can_retry") for span in done.spans]


def test_the_demo_runs_without_make_and_names_its_service(ran):
    assert "You can send it back free until 20 December." in ran("demo").out
    assert {"shop"} == {span.resource["service.name"] for span in ran("demo").spans}


def test_the_tests_of_the_page_pass(ran):
    out = ran("tests").out
    assert 2 == out.count("4 passed")


def test_the_test_without_pytest_passes_too(ran):
    assert "" == ran("tests without pytest").out


def test_every_page_is_linked_to_from_the_readme_or_from_another_page():
    linked = {
        (each.name.rpartition("/")[0] + "/" + target.partition("#")[0]).lstrip("/")
        for each in PAGES
        for target in each.links()
    }
    resolved = {re.sub(r"[^/]+/\.\./", "", target) for target in linked}
    assert set() == {each.name for each in PAGES} - resolved - {README.name, CONTRIBUTING.name}
