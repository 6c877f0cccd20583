"""The page as text: what is foreign stays in the data, and nothing but its own script may run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.page.html import asset, embedded, framed, page_html
from langspan.page.spans import spans_of
from support.page_spans import large, request, span

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&lt;img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "\u2028\u2029",
    "\ud800 half a character",
    "\0",
]
# From the data that a page embeds back to text.
DATA = re.compile('<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def page(*spans, title="spans.jsonl"):
    return page_html(spans_of(request(*spans)), title)


def data_of(text):
    (found,) = DATA.findall(text)
    return json.loads(found)


@given(st.text())
def test_data_holds_no_character_that_a_document_gives_a_meaning(text):
    written = embedded({text: text})
    assert [] == [character for character in "<>&\u2028\u2029" if character in written]
    assert {text: text} == json.loads(written)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_data_and_nothing_else(text):
    ids = {"span_id": text, "trace": text, "parent": text}
    event = {"name": text, "timeUnixNano": "0", "attributes": []}
    link = {"traceId": text, "spanId": text}
    written = page(span(**ids, name=text, error=text, attributes={text: text}, events=[event], links=[link]))
    assert 2 == written.count("<script")
    assert 2 == written.count("</script")
    row = data_of(written)["traces"][0]["spans"][0]
    said = text.replace("\ud800", "\ufffd")
    assert (said, {said: said}) == (row["name"], row["attributes"])


def test_a_hostile_name_of_the_file_is_text():
    written = page(span(), title="</title><script>alert(1)</script>")
    assert 2 == written.count("<script")
    assert "<title>&lt;/title&gt;&lt;script&gt;" in written


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_its_own_script_and_style_and_nothing_else():
    written = page(span())
    (policy,) = re.findall('Content-Security-Policy" content="(.*?)"', written)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert {
        "default-src": "'none'",
        "script-src": _hash(asset("view.js")),
        "style-src": _hash(asset("view.css")),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    } == rules
    assert written.index("Content-Security-Policy") < written.index("<style>")


def test_the_page_names_no_other_place():
    """Neither an address to fetch from nor an element or an attribute that would."""
    own = "".join(asset(name) for name in ("view.js", "view.css", "view.body.html"))
    assert [] == re.findall(
        r"https?:|//[a-z]|url\(|@import|\bfetch\b|XMLHttp|WebSocket|sendBeacon|src=|href=", own
    )


def test_the_script_makes_no_markup_of_text():
    ways = r"innerHTML|outerHTML|insertAdjacent|document\.write|createContextual|\beval\b|\bFunction\b"
    assert [] == re.findall(ways, asset("view.js"))


def test_a_frame_keeps_the_page_apart_from_the_notebook():
    document = page(span(name='"><script>alert(1)</script>'))
    ((sandbox, source),) = re.findall('sandbox="(.*?)" srcdoc="(.*?)"', framed(document), re.DOTALL)
    assert "allow-scripts" == sandbox
    assert document == html.unescape(source)
    assert 0 == framed(document).count("<script")


def test_five_thousand_spans_take_little_more_room_than_they_say():
    spans = list(large(5000))
    attributes = sum(len(json.dumps(each["attributes"])) for each in spans)
    assert attributes * 1.5 > len(page(*spans))
