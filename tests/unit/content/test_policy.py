"""Any Python value as valid JSON text of bounded size, redacted, without running the value's own code."""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
import json
import pathlib
import threading
import tracemalloc
import types
import typing
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.runnables import RunnableLambda
from langgraph.types import Command, Interrupt, Send
from pydantic import BaseModel, Field, SecretStr

from langspan.content.policy import ContentPolicy

POLICY = ContentPolicy()
PICTURE = bytes(range(256)) * 12
PICTURE_BASE64 = base64.b64encode(PICTURE).decode()
PICTURE_HASH = hashlib.sha256(PICTURE).hexdigest()[:16]


class Colour(enum.Enum):
    RED = "red"


class Shade(enum.Enum):
    DARK = object()


@dataclasses.dataclass
class Point:
    x: int
    y: typing.Any
    hidden: str = dataclasses.field(default="SECRET", repr=False)
    kind: typing.ClassVar[str] = "point"


class Pair(typing.NamedTuple):
    left: int
    right: str


class Form(BaseModel):
    name: str = "n"
    password: SecretStr = SecretStr("SECRET")
    excluded: str = Field("SECRET", exclude=True)
    unseen: str = Field("SECRET", repr=False)


class Nasty(BaseModel):
    value: int = 1

    def model_dump(self, **kwargs):
        raise RuntimeError("must not be called")

    def __repr__(self):
        raise RuntimeError("must not be called")


class Client:
    def __init__(self):
        self.api_key = "SECRET"

    def __repr__(self):
        raise RuntimeError("must not be called")

    __str__ = __repr__


class LyingList(list):
    def __iter__(self):
        raise RuntimeError("must not be called")


class BrokenMapping(collections.abc.Mapping):
    def __getitem__(self, key):
        raise RuntimeError

    def __iter__(self):
        raise RuntimeError

    def __len__(self):
        return 1


def rendered(value, policy=POLICY, where="input"):
    text = policy.render(value, where)
    return None if text is None else json.loads(text)


def circle():
    loop = {"name": "loop"}
    loop["self"] = [loop]
    return loop


VALUES = [
    pytest.param("日本語 🙂", "日本語 🙂", id="text"),
    pytest.param("a\ud800b", "a\ufffdb", id="lone surrogate"),
    pytest.param({"\udfff": 1}, {"\ufffd": 1}, id="lone surrogate in a key"),
    pytest.param(3, 3, id="int"),
    pytest.param(True, True, id="bool"),
    pytest.param(2**63, str(2**63), id="beyond 64 bits"),
    pytest.param(10**5000, "[integer of 16610 bits]", id="huge int"),
    pytest.param(0.5, 0.5, id="float"),
    pytest.param(
        [float("nan"), float("inf"), -float("inf")], ["NaN", "Infinity", "-Infinity"], id="not finite"
    ),
    pytest.param({1: "a", None: "b", ("x", 2): "c"}, {"1": "a", "None": "b", "['x', 2]": "c"}, id="odd keys"),
    pytest.param((1, [2, {"a": ()}]), [1, [2, {"a": []}]], id="nested"),
    pytest.param({7}, [7], id="set"),
    pytest.param(collections.deque([1, 2]), [1, 2], id="deque"),
    pytest.param(types.MappingProxyType({"a": 1}), {"a": 1}, id="mapping"),
    pytest.param(collections.OrderedDict(a=1), {"a": 1}, id="dict subclass"),
    pytest.param(b"abc", {"size": 3, "sha256": "ba7816bf8f01cfea"}, id="bytes"),
    pytest.param(dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02T00:00:00+00:00", id="datetime"),
    pytest.param(dt.date(2026, 1, 2), "2026-01-02", id="date"),
    pytest.param(dt.timedelta(seconds=90), "0:01:30", id="timedelta"),
    pytest.param(uuid.UUID(int=1), str(uuid.UUID(int=1)), id="uuid"),
    pytest.param(decimal.Decimal("1.10"), "1.10", id="decimal"),
    pytest.param(pathlib.PurePosixPath("/a/b"), "/a/b", id="path"),
    pytest.param(Colour.RED, "red", id="enum"),
    pytest.param(Shade.DARK, "DARK", id="enum of objects"),
    pytest.param(Point(1, Point(2, None)), {"x": 1, "y": {"x": 2}}, id="dataclass"),
    pytest.param(Pair(1, "b"), {"left": 1, "right": "b"}, id="named tuple"),
    pytest.param(Form(), {"name": "n", "password": "**********"}, id="pydantic, hidden fields stay hidden"),
    pytest.param(Nasty(), {"value": 1}, id="pydantic, its own methods are not run"),
    pytest.param(LyingList([1]), [1], id="list subclass, its own methods are not run"),
    pytest.param(SecretStr("SECRET"), "**********", id="secret"),
    pytest.param(ValueError("bad"), "ValueError: bad", id="exception"),
    pytest.param(int, "<int>", id="class"),
    pytest.param(json.dumps, "<json.dumps>", id="function"),
    pytest.param(threading.RLock(), "<_thread.RLock>", id="lock"),
    pytest.param((n for n in [1]), "<generator>", id="generator, not consumed"),
    pytest.param(circle(), {"name": "loop", "self": ["[circular]"]}, id="cycle"),
    pytest.param(Send("node", {"a": 1}), {"node": "node", "arg": {"a": 1}}, id="Send"),
    pytest.param(Command(goto="x", update={"a": 1}), {"update": {"a": 1}, "goto": "x"}, id="Command"),
    pytest.param(Interrupt(value="ok?", id="i1"), {"value": "ok?", "id": "i1"}, id="Interrupt"),
    pytest.param(
        Document("text", id="d1", metadata={"a": 1}),
        {"id": "d1", "metadata": {"a": 1}, "page_content": "text", "type": "Document"},
        id="Document",
    ),
    pytest.param(
        {"messages": [HumanMessage("hi"), AIMessage("ho", name="bot")]},
        {
            "messages": [
                {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
                {"role": "assistant", "parts": [{"type": "text", "content": "ho"}], "name": "bot"},
            ]
        },
        id="messages in state",
    ),
    pytest.param(
        ChatPromptValue(messages=[HumanMessage("hi")]),
        {"messages": [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]},
        id="prompt value",
    ),
    pytest.param(
        {"picture": f"data:image/png;base64,{PICTURE_BASE64}", "raw": PICTURE_BASE64},
        {
            "picture": {"mime_type": "image/png", "size": len(PICTURE), "sha256": PICTURE_HASH},
            "raw": {"size": len(PICTURE), "sha256": PICTURE_HASH},
        },
        id="base64 anywhere",
    ),
    pytest.param("x" * 600, "x" * 600, id="a long word is not base64"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_value(value, expected):
    assert expected == rendered(value)


@pytest.mark.parametrize(
    "value", [Client(), BrokenMapping(), RunnableLambda(len)], ids=["client", "mapping", "runnable"]
)
def test_a_service_is_represented_by_its_types_name(value):
    assert f"<{type(value).__module__}.{type(value).__qualname__}>" == rendered(value)


def test_a_chat_models_settings_are_not_shown():
    from langchain_openai import ChatOpenAI

    assert "<langchain_openai.chat_models.base.ChatOpenAI>" == rendered(
        ChatOpenAI(api_key="SECRET", model="m")
    )


def test_an_attrs_class_shows_its_fields():
    attr = pytest.importorskip("attr", reason="install attrs")
    kind = attr.make_class("Kind", {"x": attr.ib(), "hidden": attr.ib(repr=False)})
    assert {"x": 1} == rendered(kind(1, "SECRET"))


def test_a_message_with_very_many_parts_says_how_many_are_omitted():
    message = HumanMessage([{"type": "text", "text": "x"}] * 50_000)
    assert rendered(message)["parts"][-1].endswith("more left out]")


def test_an_unreadable_value_does_not_affect_its_neighbours():
    found = rendered({"a": 1, "client": Client(), "b": BrokenMapping(), "c": "kept"})
    assert (1, "kept") == (found["a"], found["c"])


def test_none_is_not_rendered():
    assert POLICY.render(None, "output") is None


def test_readable_text_is_written_as_it_is():
    assert '{"q":"日本語 🙂"}' == POLICY.render({"q": "日本語 🙂"}, "input")


def test_depth_is_bounded():
    deep: list = []
    for _ in range(10_000):
        deep = [deep]
    assert "[nested too deep]" in POLICY.render(deep, "input")


def test_a_repeated_object_is_not_a_cycle():
    shared = {"a": 1}
    assert [{"a": 1}, {"a": 1}] == rendered([shared, shared])


def test_the_value_is_not_changed():
    value = {"a": ["x" * 50_000, {"b": {1, 2}}]}
    POLICY.render(value, "input")
    assert {"a": ["x" * 50_000, {"b": {1, 2}}]} == value


# --- size ---


def test_a_long_text_says_how_long_it_was():
    text = rendered("a b " * 10_000)
    assert text.endswith("…[cut: 40000 characters in all]")


def test_the_limit_is_used_up():
    assert 0.9 * POLICY.max_bytes < len(POLICY.render("a b " * 10_000, "input")) <= POLICY.max_bytes


def test_a_huge_text_does_not_push_out_the_question_after_it():
    found = rendered({"document": "d " * 50_000, "question": "why?"})
    assert "why?" == found["question"]


def test_two_long_texts_are_cut_to_the_same_length():
    found = rendered(["a " * 20_000, "b " * 40_000])
    assert abs(len(found[0]) - len(found[1])) < 10


def test_a_long_list_says_how_many_items_are_omitted():
    found = rendered(list(range(100_000)))
    assert f"…[{100_000 - len(found) + 1} more left out]" == found[-1]


def test_a_large_object_says_how_many_entries_are_omitted():
    found = rendered({f"key {number}": "some text" for number in range(5_000)})
    assert f"…[{5_000 - len(found) + 1} more left out]" == found["…"]


def test_text_is_cut_between_characters():
    text = ContentPolicy(max_bytes=1_000).render("🙂é" * 2_000, "input")
    assert 800 < len(text.encode()) <= 1_000
    assert "\ufffd" not in text


def test_too_small_a_limit_records_nothing():
    assert ContentPolicy(max_bytes=4).render("x " * 100, "input") is None


# --- plain text ---


def test_text_is_not_quoted():
    assert "why?" == POLICY.text("why?", "query")


def test_text_is_cut_to_bytes():
    text = ContentPolicy(max_bytes=100).text("é" * 500, "query")
    assert (True, "…[cut: 500 characters in all]") == (len(text.encode()) <= 100, text[-29:])


@pytest.mark.parametrize("show", [POLICY.render, POLICY.text], ids=["as JSON", "as text"])
@pytest.mark.parametrize("letter", ["x ", "é ", "漢 ", "\ud800 "], ids=["ASCII", "Latin", "Han", "surrogate"])
def test_only_the_start_of_a_long_text_is_encoded(show, letter):
    long = letter * 2_000_000
    tracemalloc.start()
    try:
        shown = show(long, "input")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(shown.encode()) <= POLICY.max_bytes
    assert 30 * POLICY.max_bytes > peak, "bytes taken meanwhile; the text has millions"


def test_what_stands_before_something_else_is_no_base64():
    text = PICTURE_BASE64 + "." + PICTURE_BASE64
    assert text == POLICY.text(text, "output")


def test_base64_as_text_is_a_reference():
    assert {"size": len(PICTURE), "sha256": PICTURE_HASH} == json.loads(POLICY.text(PICTURE_BASE64, "query"))


def test_text_with_a_lone_surrogate():
    assert "a\ufffd" == POLICY.text("a\ud800", "query")


def test_any_other_value_as_text_is_json():
    assert ('{"a":1}', None) == (POLICY.text({"a": 1}, "query"), POLICY.text(None, "query"))


# --- redaction ---


def mask(value, where):
    return value.replace("SECRET", "***") if isinstance(value, str) else value


def test_redact_receives_every_text_and_key():
    found = ContentPolicy(redact=mask).render({"SECRET": [{"x": "a SECRET"}, Point(1, "SECRET")]}, "input")
    assert {"***": [{"x": "a ***"}, {"x": 1, "y": "***"}]} == json.loads(found)


def test_redact_receives_numbers_and_where_they_are_from():
    seen = []
    ContentPolicy(redact=lambda value, where: seen.append((value, where))).render(
        [4111, 0.5], "tool_arguments"
    )
    assert [(4111, "tool_arguments"), (0.5, "tool_arguments")] == seen


def test_redact_receives_the_whole_text_before_it_is_cut():
    text = "x " * 30_000 + "SECRET"
    seen = []
    ContentPolicy(redact=lambda value, _: seen.append(value) or value).render(text, "input")
    assert [text] == seen


def test_redact_may_return_anything():
    assert {"kind": "card"} == rendered("4111", ContentPolicy(redact=lambda *_: {"kind": "card"}))


def test_a_key_that_is_redacted_to_something_else_is_hidden():
    assert {"[redacted]": None} == rendered({"a": "b"}, ContentPolicy(redact=lambda *_: None))


def test_when_redact_raises_the_value_is_dropped():
    def fail(value, where):
        if value == "SECRET":
            raise ValueError(value)
        return value

    policy = ContentPolicy(redact=fail)
    assert None is policy.render({"a": "fine", "b": ["SECRET"]}, "input")


def test_when_redact_raises_inside_an_object_the_value_is_dropped():
    def fail(value, where):
        raise ValueError(value)

    policy = ContentPolicy(redact=fail)
    assert [None] * 3 == [
        policy.render(value, "x") for value in (Point(1, 2), HumanMessage("SECRET"), "SECRET")
    ]


def test_when_redact_raises_a_plain_text_is_dropped():
    def fail(value, where):
        raise ValueError(value)

    assert ContentPolicy(redact=fail).text("SECRET", "query") is None


def test_redact_does_not_break_the_structure_of_messages():
    found = rendered(HumanMessage("SECRET"), ContentPolicy(redact=lambda *_: "***"))
    assert {"role": "user", "parts": [{"type": "text", "content": "***"}]} == found


def test_redact_receives_all_of_an_unknown_part_but_its_type():
    message = HumanMessage([{"type": "odd", "id": "SECRET", "status": {"x": "SECRET"}}])
    found = rendered(message, ContentPolicy(redact=mask))
    assert [{"type": "odd", "id": "***", "status": {"x": "***"}}] == found["parts"]


def test_base64_is_replaced_before_redaction():
    seen = []
    policy = ContentPolicy(redact=lambda value, _: seen.append(value) or value)
    policy.render([PICTURE_BASE64, "text"], "input")
    assert ["text"] == seen


# --- any value ---

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=40) | st.text(max_size=5).map(
    lambda text: text * 300
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**70)
    | st.floats()
    | ANY_TEXT
    | st.binary(max_size=20)
    | st.uuids()
    | st.datetimes()
    | st.decimals()
    | st.sampled_from([object(), Colour.RED, threading.Lock(), Form(), int, circle()])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.tuples(inner, inner)
        | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=8)
        | st.builds(Point, st.integers(), inner)
        | st.builds(HumanMessage, ANY_TEXT)
        | st.builds(Send, ANY_TEXT, inner)
    ),
    max_leaves=60,
)


def strict_json(text):
    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text.encode(), parse_constant=refuse)


@given(ANYTHING, st.sampled_from([200, 1_000, 16_384]))
def test_anything_is_valid_json_within_the_limit(value, limit):
    text = ContentPolicy(max_bytes=limit).render(value, "input")
    if text is None:
        assert value is None
    else:
        strict_json(text)
        assert len(text.encode()) <= limit


@given(ANYTHING)
def test_no_part_of_a_redacted_value_is_recorded(value):
    text = ContentPolicy(redact=lambda *_: "~").render({"canary-key": value, "x": ["canary"]}, "input")
    assert "canary" not in text


@given(ANYTHING, st.integers(min_value=0, max_value=30))
def test_nothing_is_recorded_whenever_redact_raises(value, calls):
    left = [calls]

    def fail_later(leaf, where):
        if not left[0]:
            raise ValueError
        left[0] -= 1
        return leaf

    text = ContentPolicy(redact=fail_later).render([value, *"canary" * 6], "input")
    assert None is text


@given(ANY_TEXT, st.integers(min_value=1, max_value=400))
def test_plain_text_stays_within_the_limit(value, limit):
    text = ContentPolicy(max_bytes=limit).text(value, "query")
    assert text is not None
    assert len(text.encode()) <= limit
