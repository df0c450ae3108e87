import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError, GraphError
from mcore.platform.format.attributes import decode, encode, non_default, normalised
from mcore.platform.format.canonical import line, parse
from mcore.platform.format.typed import Item
from mcore.platform.ops import registry
from mcore.platform.ops.registry import Attribute, Op

H = symbol("H")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(categories=["L", "N"]), max_size=5)
    | st.sampled_from([H, H // 2 + 1, (H * H) % 7, symbol("min")])
)


def through_json(value):
    return decode(Item(parse(line(encode(value)).encode(), where="f", limit=10_000), "f"))


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6))
def test_values_come_back_as_they_were(value):
    found = through_json(value)
    assert found == value
    assert repr(found) == repr(value)


def test_a_size_is_never_taken_for_a_text():
    assert encode((H, "H", 3, H // 2)) == [{"dim": "H"}, "H", 3, {"dim": ["//", "H", 2]}]
    assert encode(math.inf) == {"float": "inf"}
    assert through_json(-math.inf) == -math.inf


@pytest.mark.parametrize("value", [math.nan, b"x", 1j, [1], {"a": 1}])
def test_what_is_no_attribute_value(value):
    with pytest.raises(GraphError, match="an attribute"):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"dim": "H", "float": "inf"},
        {"size": 3},
        {"float": "nan"},
        {"float": 1.0},
        {"float": []},
        {"dim": "not a symbol"},
        {"dim": ["**", "H", 2]},
        [{"dim": ["//", "H", 0]}],
        "a\x00",
    ],
)
def test_strange_values_are_refused_with_their_place(data):
    with pytest.raises(FormatError, match=r"^graph\.json: a"):
        decode(Item(data, "graph.json", "a"))


def op_with(*attributes: Attribute) -> Op:
    return Op("probe", ("x",), attributes, lambda x, **_: (x,), lambda x, **_: x, "test", "", ())


def test_only_what_differs_from_the_default_is_kept():
    conv2d = registry.get("conv2d")
    assert non_default(conv2d, {"stride": 1, "padding": (0, 0), "groups": 1}) == {}
    assert non_default(conv2d, {"stride": 2, "dilation": [1, 3]}) == {"stride": (2, 2), "dilation": (1, 3)}


@pytest.mark.parametrize(
    ("default", "value", "kept"),
    [(0, 0, False), (0, 0.0, True), (0, False, True), (1, True, True), (0.0, -0.0, True), (0.5, 0.5, False)],
)
def test_equal_numbers_of_another_kind_are_no_default(default, value, kept):
    assert bool(non_default(op_with(Attribute("a", "number", default)), {"a": value})) is kept


def test_a_required_attribute_is_always_kept():
    op = op_with(Attribute("a", "int"), Attribute("d", "dtype?", None))
    assert non_default(op, {"a": 0}) == {"a": 0}
    assert non_default(op, {"a": 0, "d": "int8"}) == {"a": 0, "d": DType.INT8}
    with pytest.raises(GraphError, match="needs attribute 'a'"):
        non_default(op, {})


def test_an_infinity_is_no_integer():
    with pytest.raises(GraphError, match="probe"):
        normalised(op_with(Attribute("a", "int")), {"a": math.inf})
