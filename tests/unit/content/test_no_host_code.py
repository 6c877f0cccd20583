"""Capture reads what values store: no code of the application's classes runs, and nothing is loaded."""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import itertools
import json
import pathlib
import types
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, ChatMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from pydantic import BaseModel, Field, computed_field

from langspan.content import plain, tool_calls
from langspan.content.dialogue import answer, question
from langspan.content.plain import JsonTreeBuilder
from langspan.content.renderer import ContentRenderer
from langspan.kinds.embeddings import embeddings_end, embeddings_start
from langspan.kinds.retrievers import document_texts, retriever_end
from langspan.kinds.tools import tool_error, tool_result
from langspan.providers.llm_result import answer_of
from langspan.providers.response import model_response
from langspan.providers.usage import token_usage

RAN: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    RAN.clear()
    yield
    assert [] == RAN


def counting(name: str, result: Any = None) -> Any:
    """A method that notes that it was called."""

    def method(*_args: Any, **_kwargs: Any) -> Any:
        RAN.append(name)
        return result

    return method


def counting_class(base: type = object, *names: str) -> Any:
    """A class whose methods of these names note that they were called."""
    return type("Counting", (base,), {name: counting(name) for name in names})


ALL = (
    *("__getattr__", "__getattribute__", "__bool__", "__eq__", "__hash__", "__len__", "__iter__", "__repr__"),
    *("__str__", "__format__", "__contains__", "__getitem__", "__index__", "__int__", "__float__", "__dir__"),
    *(
        "keys",
        "items",
        "values",
        "get",
        "copy",
        "item",
        "tolist",
        "model_dump",
        "dict",
        "isoformat",
        "__buffer__",
    ),
)


def rendered(value: Any) -> Any:
    text = ContentRenderer(None, 16_384).render(value, "input")
    return None if text is None else json.loads(text)


class OfClass:
    """Its class is a property."""

    __class__ = property(counting("__class__", dict))  # type: ignore[assignment]


class Meta(type):
    """A metaclass that is asked for everything of its classes."""

    __getattribute__ = counting("metaclass __getattribute__")
    __eq__ = counting("metaclass __eq__", False)
    __hash__ = counting("metaclass __hash__", 1)
    __subclasscheck__ = __instancecheck__ = counting("metaclass check", True)


class OfMeta(metaclass=Meta):
    pass


class Lazy:
    """Django's pattern: everything that is asked of it, its class too, first loads what it stands for."""

    def __init__(self) -> None:
        object.__setattr__(self, "_wrapped", None)

    @property
    def __class__(self) -> Any:
        RAN.append("lazy")
        return str

    __getattr__ = counting("lazy")
    __str__ = __bool__ = __len__ = __iter__ = __eq__ = __hash__ = counting("lazy")  # type: ignore[assignment]


class LazyMap(collections.abc.Mapping[str, Any]):
    __getitem__ = __iter__ = __len__ = counting("mapping")


class LazyItems(collections.abc.Sequence[Any]):
    __getitem__ = __iter__ = __len__ = counting("sequence")


class Scalar:
    """As a number on another device looks."""

    dtype, shape = "float32", ()
    item = __float__ = __array__ = counting("item")


class Model(BaseModel):
    a: int = 1
    hidden: str = Field("secret", repr=False)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def computed(self) -> int:
        RAN.append("computed field")
        return 2

    @functools.cached_property
    def kept(self) -> int:
        RAN.append("cached property")
        return 3


@dataclasses.dataclass
class Row:
    id: int
    rows: Any = None

    def __getattribute__(self, name: str) -> Any:
        RAN.append(name)
        return object.__getattribute__(self, name)

    @functools.cached_property
    def total(self) -> int:
        RAN.append("cached property")
        return 3


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: Any = None

    __getattr__ = counting("__getattr__")


class Pair(collections.namedtuple("Pair", "x y")):  # noqa: PYI024 - the old one is what is tested
    __slots__ = ()
    __iter__ = __getitem__ = __len__ = _asdict = counting("named tuple")


class Key(str):
    __slots__ = ()
    __str__ = __repr__ = __eq__ = __len__ = __format__ = counting("key")  # type: ignore[assignment]
    __hash__ = str.__hash__


class Zone(dt.tzinfo):
    utcoffset = dst = tzname = counting("time zone")


class Shade(enum.Enum):
    DARK = "dark"

    value = property(counting("value"))  # type: ignore[assignment]
    name = property(counting("name"))  # type: ignore[assignment]


class Table(dict[Any, Any]):
    __iter__ = __len__ = __getitem__ = items = keys = values = get = __contains__ = counting("table")


class Proxied(dict[Any, Any]):
    __dict__ = property(counting("__dict__"))  # type: ignore[assignment]


class SilentError(Exception):
    __str__ = __repr__ = __format__ = counting("exception")


NAME = f"<{__name__}."
SHOWN = [
    pytest.param(counting_class(object, *ALL)(), f"{NAME}Counting>", id="every method"),
    pytest.param(OfClass(), f"{NAME}OfClass>", id="class is a property"),
    pytest.param(OfMeta(), f"{NAME}OfMeta>", id="metaclass"),
    pytest.param(OfMeta, f"{NAME}OfMeta>", id="class of a metaclass"),
    pytest.param(Lazy(), f"{NAME}Lazy>", id="lazy object"),
    pytest.param(LazyMap(), f"{NAME}LazyMap>", id="mapping of one's own"),
    pytest.param(LazyItems(), f"{NAME}LazyItems>", id="sequence of one's own"),
    pytest.param(collections.UserDict(a=1), "<collections.UserDict>", id="user dictionary"),
    pytest.param(Scalar(), f"{NAME}Scalar>", id="scalar on a device"),
    pytest.param(Model(), {"a": 1}, id="pydantic"),
    pytest.param(Row(1, "x"), {"id": 1, "rows": "x"}, id="dataclass"),
    pytest.param(Slotted(1, "x"), {"a": 1, "b": "x"}, id="slots"),
    pytest.param(Pair(1, 2), {"x": 1, "y": 2}, id="named tuple"),
    pytest.param(Table(a=1), {"a": 1}, id="subclass of dict"),
    pytest.param(counting_class(list, *ALL[2:])([1, 2]), [1, 2], id="subclass of list"),
    pytest.param(counting_class(tuple, *ALL[2:])((1, 2)), [1, 2], id="subclass of tuple"),
    pytest.param(counting_class(set, *ALL[2:])([1]), [1], id="subclass of set"),
    pytest.param(counting_class(collections.deque, *ALL[2:])([1]), [1], id="subclass of deque"),
    pytest.param(counting_class(str, *ALL)("text"), "text", id="subclass of str"),
    pytest.param(counting_class(int, *ALL)(7), 7, id="subclass of int"),
    pytest.param(counting_class(float, *ALL)(0.5), 0.5, id="subclass of float"),
    pytest.param(
        counting_class(bytes, *ALL)(b"abc"), {"size": 3, "sha256": "ba7816bf8f01cfea"}, id="of bytes"
    ),
    pytest.param(counting_class(dt.date, *ALL)(2026, 1, 2), "2026-01-02", id="subclass of date"),
    pytest.param(counting_class(decimal.Decimal, *ALL)("1.5"), "1.5", id="subclass of Decimal"),
    pytest.param(
        counting_class(pathlib.PurePosixPath, "__str__", "__fspath__")("/a"), f"{NAME}Counting>", id="of path"
    ),
    pytest.param(dt.datetime(2026, 1, 2, tzinfo=Zone()), "2026-01-02T00:00:00", id="time zone of one's own"),
    pytest.param(Shade.DARK, "dark", id="enum"),
    pytest.param(types.MappingProxyType(Table(a=1)), {"a": 1}, id="proxy of a subclass of dict"),
    pytest.param(types.MappingProxyType(LazyMap()), "<mappingproxy>", id="proxy of a mapping"),
    pytest.param({Key("k"): 1}, {"k": 1}, id="key"),
    pytest.param({"a": Lazy()}, {"a": f"{NAME}Lazy>"}, id="inside a dictionary"),
    pytest.param(Proxied(a=1), {"a": 1}, id="dictionary is a property"),
    pytest.param(SilentError("why"), "SilentError: why", id="exception"),
    pytest.param(ValueError(Lazy()), "ValueError", id="exception about a lazy object"),
    pytest.param(itertools.count(), "<itertools.count>", id="endless iterator"),
]


@pytest.mark.parametrize(("value", "expected"), SHOWN)
def test_a_value_is_shown_by_what_it_stores(value: Any, expected: Any) -> None:
    RAN.clear()  # to make it may have run its code
    assert expected == rendered(value)


def test_a_cached_property_is_shown_only_if_a_class_stores_fields() -> None:
    row = Row(1)
    object.__getattribute__(row, "__dict__")["total"] = 3
    assert {"id": 1} == rendered(row)


VALUES = [
    pytest.param(make, id=name)
    for name, make in {
        "lazy object": Lazy,
        "mapping": LazyMap,
        "sequence": LazyItems,
        "of a metaclass": OfMeta,
        "of any class": OfClass,
        "every method": counting_class(object, *ALL),
        "table": Table,
    }.items()
]


@pytest.mark.parametrize("make", VALUES)
def test_no_place_that_takes_a_value_runs_its_code(make: Any) -> None:
    value, renderer = make(), ContentRenderer(None, 16_384)
    RAN.clear()
    for held in (value, [value], {"messages": value}, {"messages": [value]}):
        for where in ("state", "input"):
            question(renderer, held, where)
            answer(renderer, held, where)
        renderer.state_in(held)
        renderer.state_out(held)
        renderer.text(held, "query")
    tool_error(value)
    tool_result(value)
    retriever_end(value)
    document_texts([value])
    retriever_end([value, Document("x", metadata={"score": value})])
    embeddings_start(value, value)
    embeddings_end(value)
    embeddings_end([value])
    embeddings_end([[value]])


@pytest.mark.parametrize("make", VALUES)
def test_no_value_that_a_node_gets_or_returns_runs_its_code(make: Any) -> None:
    asked = AIMessage("", tool_calls=[{"name": "add", "args": {}, "id": "c1"}])
    for value in (make(), [make()], {"state": make()}, {"messages": [make(), asked]}):
        answered = {"messages": [make(), ToolMessage("3", tool_call_id="c1")]}
        tool_calls.answers_nothing(value)
        tool_calls.skipped_calls("node", False, value, answered, frozenset())
        tool_calls.skipped_calls("node", False, {"messages": [asked]}, value, frozenset())


@pytest.mark.parametrize("make", VALUES)
def test_no_field_of_a_message_runs_the_code_of_its_value(make: Any) -> None:
    value, renderer = make(), ContentRenderer(None, 16_384)
    blocks = [value, {"type": value}, {"type": "text", "text": value}, {"type": "odd", "x": value}]
    blocks += [
        {"type": "image", "url": value, "base64": value},
        {"type": "tool_use", "id": value, "input": value},
    ]
    call = {"name": value, "id": value, "args": value}
    messages = [
        HumanMessage.model_construct(content=blocks, name=value, type="human"),
        AIMessage.model_construct(
            content=value, tool_calls=[call], additional_kwargs={"audio": value}, type="ai"
        ),
        AIMessage.model_construct(content=value, tool_calls=value, additional_kwargs=value, type="ai"),
        ToolMessage.model_construct(content=value, tool_call_id=value, status=value, type="tool"),
        HumanMessage.model_construct(content=value, type=value),
    ]
    RAN.clear()
    renderer.conversation.input(messages)
    renderer.conversation.system(messages)
    renderer.conversation.tools({"tools": [value, {"name": value, "function": value}]}, schemas=True)


@pytest.mark.parametrize("make", VALUES)
def test_no_field_of_an_answer_runs_the_code_of_its_value(make: Any) -> None:
    value, renderer = make(), ContentRenderer(None, 16_384)
    details = {"input_tokens": value, "output_tokens": value, "input_token_details": {"cache_read": value}}
    metadata = {
        "model_name": value,
        "finish_reason": value,
        "token_usage": value,
        "status": value,
        "id": value,
    }
    for usage in (value, details):
        message = AIMessage.model_construct(
            content="x", usage_metadata=usage, response_metadata=metadata, id=value
        )
        generation = ChatGeneration.model_construct(message=message, generation_info={"finish_reason": value})
        result = LLMResult.model_construct(generations=[[generation]], llm_output={"usage": value})
        RAN.clear()
        model_response(answer_of(result))
        token_usage(answer_of(result))
        renderer.conversation.output(result)


def test_an_id_of_a_class_that_keeps_it_elsewhere_is_not_read() -> None:
    class Own(uuid.UUID):
        int = property(counting("int"))  # type: ignore[assignment]

        def __init__(self) -> None:
            pass

    assert f"{NAME}test_an_id_of_a_class_that_keeps_it_elsewhere_is_not_read.<locals>.Own>" == rendered(Own())


def test_fields_that_a_message_does_not_declare_are_read_as_stored() -> None:
    message = ChatMessage("found", role="tool", tool_call_id="c1")
    part = {"type": "tool_call_response", "id": "c1", "response": "found"}
    assert {"role": "tool", "parts": [part]} == rendered(message)


# --- numbers, arrays and tables of libraries ---


def test_an_array_of_numpy_shows_its_shape_and_type() -> None:
    np = pytest.importorskip("numpy", reason="pip install numpy")
    found = rendered({"vector": np.zeros((2, 3), "float32"), "one": np.array(3)})
    assert {"type": "<numpy.ndarray>", "shape": [2, 3], "dtype": "float32"} == found["vector"]
    assert [] == found["one"]["shape"]


def test_a_subclass_of_an_array_cannot_tell_another_shape() -> None:
    np = pytest.importorskip("numpy", reason="pip install numpy")
    kind = type(
        "Own", (np.ndarray,), {"shape": property(counting("shape")), "dtype": property(counting("dtype"))}
    )
    value = np.zeros((2, 3)).view(kind)
    RAN.clear()
    assert [2, 3] == rendered(value)["shape"]


def test_numbers_of_numpy_are_shown_as_numbers() -> None:
    np = pytest.importorskip("numpy", reason="pip install numpy")
    values = [np.float32(0.5), np.int64(7), np.bool_(True), np.float64("nan"), np.datetime64("2026-01-02")]
    assert [0.5, 7, True, "NaN", "2026-01-02"] == rendered(values)


def test_a_score_of_numpy_or_decimal_is_recorded() -> None:
    np = pytest.importorskip("numpy", reason="pip install numpy")
    scores = [np.float32(0.5), decimal.Decimal("0.25")]
    found = retriever_end([Document("x", metadata={"score": score}) for score in scores])
    assert [{"score": 0.5}, {"score": 0.25}] == json.loads(found["gen_ai.retrieval.documents"])  # type: ignore[arg-type]


def test_a_table_of_pandas_is_shown_by_its_type() -> None:
    pandas = pytest.importorskip("pandas", reason="pip install pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    assert ["DataFrame>", "Series>"] == [text.rpartition(".")[2] for text in rendered([frame, frame["a"]])]


# --- entities of SQLAlchemy ---


@pytest.fixture
def database() -> Iterator[Any]:
    """A mapped dataclass with two rows, a session, and the statements that were sent since."""
    orm = pytest.importorskip("sqlalchemy.orm", reason="pip install sqlalchemy")
    import sqlalchemy as sql

    class Base(orm.MappedAsDataclass, orm.DeclarativeBase):
        pass

    class Child(Base):
        __tablename__ = "child"
        __annotations__ = {"id": orm.Mapped[int], "parent": orm.Mapped[int]}
        id = orm.mapped_column(primary_key=True, init=False)
        parent = orm.mapped_column(sql.ForeignKey("parent.id"), init=False)

    class Parent(Base):
        __tablename__ = "parent"
        __annotations__ = {
            "id": orm.Mapped[int],
            "name": orm.Mapped[str],
            "children": orm.Mapped[list[Child]],
        }
        id = orm.mapped_column(primary_key=True, init=False)
        name = orm.mapped_column()
        children = orm.relationship(default_factory=list)

    engine = sql.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Parent("Ada", children=[Child(), Child()]))
        session.commit()
        sql.event.listen(engine, "before_cursor_execute", lambda *told: RAN.append(told[2]))
        yield types.SimpleNamespace(session=session, kind=Parent)
    engine.dispose()


def test_a_relationship_that_was_not_loaded_is_not_loaded(database: Any) -> None:
    parent = database.session.get(database.kind, 1, populate_existing=True)
    RAN.clear()
    assert {"id": 1, "name": "Ada"} == rendered(parent)


def test_what_was_loaded_is_shown(database: Any) -> None:
    parent = database.session.get(database.kind, 1)
    assert 2 == len(parent.children)
    RAN.clear()
    assert [{"id": 1, "parent": 1}, {"id": 2, "parent": 1}] == rendered(parent)["children"]


def test_an_expired_attribute_is_not_loaded(database: Any) -> None:
    parent = database.session.get(database.kind, 1)
    database.session.expire(parent, ["name"])
    RAN.clear()
    assert {"id": 1} == rendered(parent)


# --- time ---


def test_a_value_that_takes_too_long_is_cut_and_says_so() -> None:
    clock = itertools.count(0, plain.MAX_SECONDS)
    tree = JsonTreeBuilder(None, "input", 10_000, clock=lambda: next(clock)).build(list(range(1_000)))
    assert (True, f"…[{1_000 - len(tree) + 1} more left out]") == (len(tree) < 300, tree[-1])


def test_a_value_read_in_time_is_whole() -> None:
    tree = JsonTreeBuilder(None, "input", 10_000, clock=lambda: 0.0).build(list(range(1_000)))
    assert list(range(1_000)) == tree


def test_a_small_value_is_not_timed() -> None:
    JsonTreeBuilder(None, "input", 100, clock=counting("clock", 0.0)).build(list(range(30)))
