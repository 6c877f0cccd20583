"""Conversion of any Python value to an attribute value, or to None."""

from __future__ import annotations

import collections
import enum
import math
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan import _values

UUID_1 = UUID("12345678-1234-5678-1234-567812345678")


class Colour(str, enum.Enum):  # noqa: UP042 - the old spelling is what provider packages use
    RED = "red"


class Number(int):
    pass


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3, 3, id="int"),
        pytest.param(-3, -3, id="negative"),
        pytest.param(3.0, 3, id="whole float"),
        pytest.param(3.5, None, id="fraction"),
        pytest.param(True, None, id="bool"),
        pytest.param(math.nan, None, id="nan"),
        pytest.param(math.inf, None, id="infinity"),
        pytest.param("3", None, id="text"),
        pytest.param(None, None, id="none"),
        pytest.param(Decimal(3), 3, id="decimal"),
        pytest.param(Decimal("0.5"), None, id="decimal fraction"),
        pytest.param(Decimal("sNaN"), None, id="signalling decimal"),
        pytest.param(Decimal("1e400"), None, id="decimal beyond any float"),
        pytest.param(2**63 - 1, 2**63 - 1, id="largest that fits"),
        pytest.param(2**63, None, id="too large for the wire"),
        pytest.param(-(2**63), -(2**63), id="smallest that fits"),
        pytest.param(-(2**63) - 1, None, id="too small for the wire"),
        pytest.param(1e300, None, id="huge float"),
    ],
)
def test_as_int(value, expected):
    assert expected == _values.as_int(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0, 0, id="zero"),
        pytest.param(7, 7, id="positive"),
        pytest.param(-1, None, id="negative"),
        pytest.param(12.0, 12, id="billed units are floats"),
        pytest.param(False, None, id="bool"),
        pytest.param(2**63, None, id="too large"),
    ],
)
def test_as_count(value, expected):
    assert expected == _values.as_count(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0.5, 0.5, id="float"),
        pytest.param(1, 1.0, id="int"),
        pytest.param(True, None, id="bool"),
        pytest.param(math.nan, None, id="nan"),
        pytest.param(-math.inf, None, id="infinity"),
        pytest.param("0.5", None, id="text"),
        pytest.param(10**400, None, id="int beyond any float"),
        pytest.param(Decimal("0.25"), 0.25, id="decimal"),
        pytest.param(Decimal("NaN"), None, id="decimal that is none"),
        pytest.param(Fraction(1, 4), 0.25, id="fraction"),
        pytest.param(Fraction(10**400), None, id="fraction beyond any float"),
        pytest.param(1j, None, id="complex"),
    ],
)
def test_as_float(value, expected):
    assert expected == _values.as_float(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a", "a", id="text"),
        pytest.param("", None, id="empty"),
        pytest.param(Colour.RED, "red", id="string enum"),
        pytest.param(Text("a"), "a", id="subclass"),
        pytest.param(b"a", None, id="bytes"),
        pytest.param("日本語 🙂", "日本語 🙂", id="readable"),
        pytest.param("a\ud800b", "a\ufffdb", id="lone surrogate"),
        pytest.param("\ud83d\ude42", "🙂", id="surrogate pair"),
    ],
)
def test_as_str(value, expected):
    assert expected == _values.as_str(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("t-1", "t-1", id="text"),
        pytest.param(UUID_1, str(UUID_1), id="uuid"),
        pytest.param(42, "42", id="int"),
        pytest.param(True, None, id="bool"),
        pytest.param({}, None, id="object"),
    ],
)
def test_as_id(value, expected):
    assert expected == _values.as_id(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a", ["a"], id="one"),
        pytest.param(["a", "b"], ["a", "b"], id="list"),
        pytest.param(("a", 1, None), ["a"], id="only the strings"),
        pytest.param([], None, id="empty"),
        pytest.param([1], None, id="no strings"),
        pytest.param({"a"}, None, id="no order"),
    ],
)
def test_as_strings(value, expected):
    assert expected == _values.as_strings(value)


def test_a_dictionary_is_returned_as_it_is():
    value = {"a": 1}
    assert value is _values.as_mapping(value)


@pytest.mark.parametrize(
    "value",
    [MappingProxyType({"a": 1}), collections.OrderedDict(a=1), collections.defaultdict(int, a=1)],
    ids=["proxy", "ordered", "default"],
)
def test_a_kind_of_dictionary_is_read_as_one(value):
    assert {"a": 1} == _values.as_mapping(value)


@pytest.mark.parametrize(
    "value",
    [None, "a", 1, [("a", 1)], object(), collections.UserDict(a=1), collections.ChainMap({"a": 1})],
    ids=["none", "text", "number", "pairs", "object", "user dictionary", "chain map"],
)
def test_a_value_that_is_not_a_mapping_becomes_an_empty_one(value):
    assert {} == dict(_values.as_mapping(value))


def test_a_subclass_is_stripped_to_the_built_in_type():
    """Exporters check exact types; a subclass may also run code of its own."""
    assert [str, int] == [type(_values.as_str(Text("a"))), type(_values.as_int(Number(3)))]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda np: np.float32(0.5), 0.5, id="float32"),
        pytest.param(lambda np: np.float16(0.5), 0.5, id="float16"),
        pytest.param(lambda np: np.float64(0.5), 0.5, id="float64"),
        pytest.param(lambda np: np.longdouble(0.5), 0.5, id="longdouble"),
        pytest.param(lambda np: np.int64(2), 2.0, id="int64"),
        pytest.param(lambda np: np.uint8(2), 2.0, id="uint8"),
        pytest.param(lambda np: np.float32("nan"), None, id="nan"),
        pytest.param(lambda np: np.bool_(True), None, id="bool"),
        pytest.param(lambda np: np.timedelta64(2, "s"), None, id="duration"),
        pytest.param(lambda np: np.array(0.5), None, id="array without dimensions"),
    ],
)
def test_a_number_of_numpy(make, expected):
    assert expected == _values.as_float(make(pytest.importorskip("numpy", reason="pip install numpy")))


def test_a_count_of_numpy():
    np = pytest.importorskip("numpy", reason="pip install numpy")
    assert [2, 2, None] == [_values.as_count(value) for value in (np.int32(2), np.float32(2), np.int8(-2))]


def test_an_item_of_a_class_that_claims_to_be_of_numpy_is_not_read():
    class Scalar:
        __module__ = "numpy"
        shape = ()

        def item(self):
            raise AssertionError("the application's code was run")

        __float__ = __int__ = __index__ = item

    assert [None, None] == [_values.as_float(Scalar()), _values.as_count(Scalar())]


@given(st.text(alphabet=st.characters(codec=None)))
def test_valid_utf8_can_always_be_encoded(text):
    valid = _values.valid_utf8(text)
    assert valid == valid.encode().decode()


@given(st.text())
def test_valid_text_is_unchanged(text):
    assert text == _values.valid_utf8(text)
