"""The page in a real browser: what it draws, how it is used, and that hostile spans do nothing."""

from __future__ import annotations

import json

import pytest

from langspan.page.html import framed, page_html
from langspan.page.spans import spans_of
from support.browser import MISSING, PATH, browser
from support.page_spans import chat, large, messages, request, span

pytestmark = pytest.mark.skipif(PATH is None, reason=MISSING)

IMAGE = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "size": 48213}
LINKED = {"type": "uri", "modality": "image", "uri": "https://example.com/cat.png"}
CALL = {"type": "tool_call", "id": "call_1", "name": "find_order", "arguments": {"order_id": 1042}}
SAID = [
    {"role": "user", "parts": [{"type": "text", "content": "Where is it?"}, IMAGE, LINKED]},
    {"role": "assistant", "parts": [{"type": "reasoning", "content": "Look it up."}, CALL]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "On its way."}]},
]
TOUCH = "globalThis.touched = true"
HOSTILE = [
    f"</script><script>{TOUCH}</script>",
    f"<img src=x onerror='{TOUCH}'>",
    f"<svg onload='{TOUCH}'></svg>",
    "<iframe srcdoc='<script>parent.touched = true</script>'></iframe><style>*{display:none}</style>",
    f"javascript:{TOUCH}",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css><img src=http://127.0.0.1:9/x.png>",
    "__proto__",
]


@pytest.fixture(scope="module")
def tab():
    """A tab of a browser, shared by the tests of this file."""
    with browser() as started:
        yield started


@pytest.fixture
def page(tab, tmp_path):
    """Open a page with these spans; at the end nothing was fetched, and the console had nothing to say."""

    def opened(*spans):
        path = tmp_path / "page.html"
        path.write_text(page_html(spans_of(request(*spans)), "spans.jsonl"), "utf-8")
        tab.open(path)
        return tab

    tab.requests.clear()
    tab.problems.clear()
    yield opened
    assert ([], []) == (tab.requests, tab.problems)


def names(tab):
    """The rows that are drawn, from top to bottom."""
    return tab.ask("[...document.querySelectorAll('.row .name')].map((node) => node.textContent)")


def chosen(tab):
    return tab.ask("document.querySelector('.row.chosen .name').textContent")


def details(tab):
    return tab.ask("document.getElementById('details').textContent")


def conversation(*turns):
    """A trace a turn, each with a root, and a tool that fails in the last."""
    for number, (question, answer) in enumerate(turns, 1):
        attributes = {
            "gen_ai.conversation.id": "c-1",
            "gen_ai.input.messages": messages(("user", question)),
            "gen_ai.output.messages": messages(("assistant", answer)),
        }
        links = [{"traceId": f"t{number - 1}", "spanId": f"r{number - 1}"}] if number > 1 else []
        where = {"trace": f"t{number}", "at": number}
        yield span(f"r{number}", name=f"agent {number}", attributes=attributes, links=links, **where)
        error = "too late" if number == len(turns) else ""
        yield span("tool", f"r{number}", "execute_tool find", error=error, **where)


TURNS = (("Where is it?", "On its way."), ("And when?", "Tomorrow."))


def test_the_tree_is_drawn_with_times_tokens_and_cost(page):
    paid = {"langspan.cost.amount": 0.0042, "langspan.cost.currency": "USD"}
    tab = page(span("01", name="agent", takes=2), chat("02", "01", tokens=(1234, 56), attributes=paid))
    rows = tab.ask("[...document.querySelectorAll('.row')].map((row) => row.innerText.split(/\\s*\\n\\s*/))")
    assert [["▾", "agent", "2.00 s"], ["chat m", "1.00 s", "1,234 → 56", "$0.0042"]] == rows


def test_the_totals_are_on_top(page):
    tab = page(span("01"), chat("02", "01", error="no"))
    assert "1 trace · 2 spans · 10 → 2 tokens · 1 error" == tab.ask(
        "document.getElementById('totals').innerText"
    )


def test_a_bar_stands_where_the_span_ran(page):
    tab = page(span("01", takes=4), span("02", "01", at=2, takes=1))
    (left, width), (inner_left, inner_width) = tab.ask(
        "[...document.querySelectorAll('.bar')].map((bar) => bar.getBoundingClientRect())"
        ".map((box) => [box.left, box.width])"
    )
    places = (inner_left - left) / width, inner_width / width
    assert (0.5, 0.25) == pytest.approx(places, abs=0.02)


def test_a_model_call_is_shown_as_what_was_said(page):
    answer = messages(("assistant", "It is on its way."))
    said = {"gen_ai.input.messages": json.dumps(SAID), "gen_ai.output.messages": answer}
    tab = page(chat("01", "", attributes=said))
    roles = tab.ask("[...document.querySelectorAll('.message .who')].map((node) => node.textContent)")
    assert ["user", "assistant", "tool", "assistant"] == roles
    shown = details(tab)
    assert [] == [
        text
        for text in ("Where is it?", "calls find_order", '{"order_id":1042}', "answers", "It is on its way.")
        if text not in shown
    ]


def test_pictures_are_named_and_not_fetched(page):
    tab = page(chat("01", "", attributes={"gen_ai.input.messages": json.dumps(SAID)}))
    references = tab.ask("[...document.querySelectorAll('.reference')].map((node) => node.textContent)")
    assert ["image · image/png · size 48213", "image · uri https://example.com/cat.png"] == references
    assert 0 == tab.ask("document.querySelectorAll('img, a, iframe').length")


@pytest.mark.parametrize(
    ("keys", "there"),
    [
        (["ArrowDown"], "b"),
        (["ArrowDown", "ArrowDown", "ArrowUp"], "b"),
        (["End"], "d"),
        (["End", "Home"], "a"),
        (["ArrowRight"], "b"),
        (["ArrowDown", "ArrowDown", "ArrowLeft"], "b"),
        (["ArrowDown", "Enter", "ArrowDown"], "d"),
        (["ArrowDown", "ArrowLeft", "ArrowRight", "ArrowDown"], "c"),
        (["e"], "c"),
    ],
)
def test_keys_move_the_choice(page, keys, there):
    tab = page(
        span("1", name="a"),
        span("2", "1", "b", at=1),
        span("3", "2", "c", at=2, error="no"),
        span("4", "1", "d", at=3),
    )
    tab.press(*keys)
    assert there == chosen(tab)


def test_the_chosen_row_stays_in_sight_when_there_is_less_room(page, tab):
    page(span("0", name="root"), *(span(str(n), "0", f"step {n}", at=n) for n in range(1, 60)))
    tab.resize(1280, 800)
    tab.ask("document.querySelectorAll('.row')[20].click()")
    tab.resize(420, 600)
    tab.press("?")
    row, tree = tab.ask(
        "['.row.chosen', '#tree'].map((each) => document.querySelector(each).getBoundingClientRect())"
        ".map((box) => [box.top, box.bottom])"
    )
    tab.resize(1280, 800)
    assert tree[0] - 1 <= row[0] < row[1] <= tree[1] + 1


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(18.64783, "$18.65"), (0.25, "$0.25"), (0.0042134, "$0.00421"), (2.5e-7, "$0.00000025")],
)
def test_an_amount_has_the_digits_that_say_something(page, amount, shown):
    tab = page(span(attributes={"langspan.cost.amount": amount, "langspan.cost.currency": "USD"}))
    assert shown == tab.ask("document.querySelector('.money').textContent")


def test_a_closed_span_hides_what_is_below_it(page):
    tab = page(span("1", name="a"), span("2", "1", "b"), span("3", "2", "c"))
    tab.press("ArrowLeft")
    assert ["a"] == names(tab)
    tab.press("Enter")
    assert ["a", "b", "c"] == names(tab)


def test_the_search_leaves_what_matches_and_the_way_to_it(page):
    spans = [
        span("1", name="root"),
        span("2", "1", "b"),
        span("3", "2", "c", attributes={"note": "The Needle"}),
    ]
    tab = page(*spans, span("4", "1", "d"))
    tab.press("/")
    tab.type("needle")
    tab.press("Enter")
    assert ["root", "b", "c"] == names(tab)
    assert ("c", "1 match") == (chosen(tab), tab.ask("document.getElementById('found').textContent"))
    tab.press("Escape")
    assert ["root", "b", "c", "d"] == names(tab)


def test_the_turns_of_a_conversation_are_in_order(page):
    tab = page(*conversation(*TURNS))
    assert ["conversation c-1", "turn 1 · agent 1", "agent 1"] == names(tab)[:3]
    shown = details(tab)
    places = [shown.index(text) for pair in TURNS for text in pair]
    assert sorted(places) == places


def test_a_link_leads_to_the_other_run_and_back(page):
    tab = page(*conversation(*TURNS))
    tab.ask("[...document.querySelectorAll('.name')].find((each) => each.textContent === 'agent 2').click()")
    tab.ask("document.querySelector('.go').click()")
    assert "agent 1" == chosen(tab)
    assert "← linked from agent 2" in details(tab)


def test_a_link_to_elsewhere_says_so(page):
    page(span(links=[{"traceId": "beef", "spanId": "0a"}]))
    with_link = details(page(span(links=[{"traceId": "beef", "spanId": "0a"}])))
    assert "→ span 0a of trace beef, which is not in this file" in with_link


def test_every_attribute_is_in_the_table(page):
    attributes = {"text": "a\nb", "number": 3, "list": ["x", 1], "map": {"k": True}, "empty": ""}
    tab = page(span(attributes=attributes))
    rows = tab.ask(
        "[...document.querySelectorAll('#details tr')]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    shown = {"text": "a\nb", "number": "3", "list": '["x",1]', "map": '{"k":true}', "empty": ""}
    assert sorted(shown.items()) == [tuple(row) for row in rows]


def test_a_long_text_is_shown_whole_when_asked_for(page):
    tab = page(span(attributes={"long": "x" * 100_000}))
    assert 5000 > len(details(tab))
    tab.ask("document.querySelector('.more').click()")
    assert 100_000 <= len(details(tab))


def test_dark_and_light_differ(page, tab):
    colours = []
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        page(span())
        colours.append(tab.ask("getComputedStyle(document.body).backgroundColor"))
    assert ["rgb(255, 255, 255)", "rgb(20, 23, 28)"] == colours


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_spans_do_nothing(page, text):
    said = json.dumps(
        [
            {
                "role": text,
                "name": text,
                "parts": [{"type": "text", "content": text}, {"type": text, text: text}],
            }
        ]
    )
    attributes = {
        text: text,
        "gen_ai.operation.name": text,
        "gen_ai.input.messages": said,
        "gen_ai.tool.definitions": json.dumps([{"name": text, "description": text}]),
        "gen_ai.retrieval.documents": text,
        "gen_ai.conversation.id": text,
    }
    event = {"name": text, "timeUnixNano": "0", "attributes": []}
    ids = {"trace": text, "span_id": text, "parent": text}
    tab = page(
        span(
            **ids,
            name=text,
            error=text,
            attributes=attributes,
            events=[event],
            links=[{"traceId": text, "spanId": text}],
        )
    )
    tab.press("ArrowDown", "e", "/")
    tab.type(text)
    tab.press("Enter")
    tab.settle()
    assert [text] == names(tab)
    assert tab.ask("globalThis.touched === undefined && document.scripts.length === 2")


def test_the_policy_stops_a_script_that_got_into_the_page(tab, tmp_path):
    """What stands behind the escaping: without it, the hostile text would still do nothing."""
    path = tmp_path / "page.html"
    path.write_text(
        page_html(spans_of(request(span())), "x").replace(
            "</body>", f"<script>{TOUCH}</script><img src=http://127.0.0.1:9/x></body>"
        )
    )
    tab.open(path)
    assert tab.ask("globalThis.touched === undefined")
    assert 2 <= sum("Content Security Policy" in problem for problem in tab.problems)


def test_values_that_are_no_messages_are_shown_as_they_are(page):
    for value in (
        "[",
        "7",
        '"text"',
        "null",
        '[[1], null, {"role": 5, "parts": 6}]',
        "[" * 5000 + "]" * 5000,
    ):
        tab = page(
            chat("01", "", attributes={"gen_ai.input.messages": value, "gen_ai.output.messages": value})
        )
        assert ["chat m"] == names(tab)


def test_five_thousand_spans_are_there_at_once_and_few_rows_are_drawn(page):
    tab = page(*large(5000))
    assert 100 > len(names(tab))
    assert "5,000 spans" in tab.ask("document.getElementById('totals').textContent")
    tab.press("End")
    assert "chat m" == chosen(tab)
    assert 5000 > tab.ask("performance.getEntriesByType('navigation')[0].loadEventEnd")


def test_five_thousand_spans_are_searched_without_waiting(page):
    tab = page(*large(5000))
    tab.press("/")
    tab.type("question 4711 ")
    milliseconds = tab.ask(
        "(() => { const from = performance.now(); document.querySelector('input').dispatchEvent("
        "new KeyboardEvent('keydown', { key: 'Enter' })); return performance.now() - from; })()"
    )
    assert ["invoke_agent large", "node 4709", "chat m"] == names(tab)
    assert 2000 > milliseconds


def test_in_a_frame_the_page_is_drawn_and_cannot_reach_the_notebook(tab, tmp_path):
    document = page_html(spans_of(request(span(name="inside"))), "x")
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><body>{framed(document)}</body>", "utf-8")
    tab.open(path)
    assert "inside" == tab.ask_frame("document.querySelector('.row .name').textContent")
    assert "null" == tab.ask_frame("origin")
    reach = "(() => { try { return parent.document.title } catch (error) { return error.name } })()"
    assert "SecurityError" == tab.ask_frame(reach)
