"""The registry: kinds of attributes, declarations, and how an op is asked for types and values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.registry import KINDS, REQUIRED, Attribute, op

H = symbol("H")

TAKEN = {
    "int": [(3, 3), (-1, -1), (3.0, 3), (np.int64(4), 4), (1 << 60, 1 << 60)],
    "float": [(1.5, 1.5), (2, 2.0), (float("inf"), float("inf")), (np.float32(0.5), 0.5)],
    "bool": [(True, True), (np.bool_(False), False)],
    "str": [("same", "same"), ("", "")],
    "dtype": [("float32", DType.FLOAT32), (DType.BOOL, DType.BOOL)],
    "number": [(1, 1), (1.5, 1.5), (True, True), (np.float64(2.5), 2.5), (np.int32(3), 3)],
    "scalar": [(1, 1), (1.5, 1.5), (True, True), (H, H)],
    "size": [(3, 3), (H // 2, H // 2)],
    "ints": [([1, 2], (1, 2)), ((), ()), (3, (3,)), ([np.int64(2)], (2,))],
    "sizes": [([1, H], (1, H)), (H, (H,)), ([], ())],
    "single": [(2, (2,)), ([2], (2,))],
    "pair": [(2, (2, 2)), ([1, 2], (1, 2)), ((3,), (3, 3))],
    "triple": [(2, (2, 2, 2)), ([1, 2, 3], (1, 2, 3)), ((3,), (3, 3, 3))],
    "size_single": [(H, (H,)), ([2], (2,))],
    "size_pair": [(H, (H, H)), ((1, H), (1, H))],
    "size_triple": [(H, (H, H, H)), ((1, H, 2), (1, H, 2))],
    "floats": [(2, (2.0,)), ((0.5, 2, 3), (0.5, 2.0, 3.0))],
}
REFUSED = {
    "int": [1.5, "3", True, None, H, [1], float("inf"), float("nan")],
    "float": ["1.5", True, None, [1.0], H],
    "bool": [1, 0, "True", None],
    "str": [1, None, b"same"],
    "dtype": ["complex64", 32, None, ["float32"]],
    "number": ["1", None, H, [1]],
    "scalar": ["H", None, [H]],
    "size": [1.5, "H", True, None],
    "ints": [[1.5], "12", None, [None], [[1]], {1: 2}],
    "sizes": [[0.5], "HW", None],
    "single": [(1, 2), (), None],
    "pair": [(1, 2, 3), (), None, (H, 1), "ab"],
    "triple": [(1, 2), (), None, (H, 1, 1), "abc"],
    "size_single": [(1, 2), (), None, 0.5],
    "size_pair": [(1, 2, 3), (0.5, 1), None],
    "size_triple": [(1, 2), (0.5, 1, 1), None],
    "floats": ["12", None, (True, 1.0), [[1.0]]],
}


def test_all_kinds_are_tried_here():
    assert set(TAKEN) == set(REFUSED) == set(KINDS)


@pytest.mark.parametrize(("kind", "value", "result"), [(k, v, r) for k, all_of in TAKEN.items() for v, r in all_of])
def test_a_value_of_the_kind_takes_its_canonical_form(kind, value, result):
    for declared in (kind, kind + "?"):
        found = Attribute("a", declared).normalise(value)
        assert found == result
        assert type(found) is type(result)


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, all_of in REFUSED.items() for v in all_of])
def test_another_value_is_refused_by_name(kind, value):
    with pytest.raises(ValueError, match=f"attribute 'size' must be {kind}, got "):
        Attribute("size", kind).normalise(value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_optional_attribute_may_be_none(kind):
    assert Attribute("a", kind + "?").normalise(None) is None


def test_no_values_are_none_where_a_certain_number_may_be_left_out():
    counted = [kind for kind in KINDS if kind.endswith(("single", "pair", "triple"))]
    assert len(counted) >= 6
    for kind in counted:
        for empty in ((), []):
            assert Attribute("a", kind + "?").normalise(empty) is None
            with pytest.raises(ValueError, match="attribute 'a' must be"):
                Attribute("a", kind).normalise(empty)
    for kind in ("ints", "sizes", "floats"):
        assert Attribute("a", kind + "?").normalise(()) == ()


@given(
    st.sampled_from(KINDS), st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)
)
def test_any_value_is_taken_or_refused(kind, value):
    attribute = Attribute("a", kind)
    try:
        once = attribute.normalise(value)
    except ValueError:
        return
    assert attribute.normalise(once) == once or once != once or "nan" in repr(once)


def test_the_declaration_is_kept():
    conv = registry.get("conv2d")
    assert conv.name == "conv2d"
    assert conv.family == "convolution"
    assert conv.inputs == ("x", "weight", "bias?")
    assert conv.parameters == ("x", "weight", "bias", "stride", "padding", "dilation", "groups")
    assert conv.doc.startswith("Convolution of")
    assert not conv.variadic
    assert registry.get("cat").variadic


def test_parameters_name_each_once_in_torchs_order():
    assert registry.get("add").parameters == ("x", "other")
    assert registry.get("where").parameters == ("condition", "x", "other")
    assert registry.get("layer_norm").parameters == ("x", "normalized_shape", "weight", "bias", "eps")
    assert registry.get("gather").parameters == ("x", "dim", "index")
    assert registry.get("cat").parameters == ("tensors", "dim")
    assert registry.get("full").parameters == ("size", "fill_value", "dtype")


def test_names_are_sorted_and_ops_follow_them():
    names = registry.names()
    assert list(names) == sorted(names)
    assert tuple(o.name for o in registry.ops()) == names


def test_an_unknown_op_is_refused():
    with pytest.raises(GraphError, match="unknown op 'conv9d'"):
        registry.get("conv9d")


def test_an_op_is_declared_once():
    with pytest.raises(ValueError, match="op 'relu' is declared twice"):
        op("relu", inputs=("x",), infer=lambda x: (x,))(lambda x: x)


def test_an_order_names_what_is_declared():
    with pytest.raises(ValueError, match="the order must name x, dim"):
        op("another", inputs=("x",), infer=lambda x: (x,), attributes=(Attribute("dim", "int"),), order=("x", "axis"))
    assert "another" not in registry.names()


def test_defaults_are_filled_in():
    values = registry.get("conv2d").normalise({"stride": 2})
    assert values == {"stride": (2, 2), "padding": (0, 0), "dilation": (1, 1), "groups": 1}


@pytest.mark.parametrize(
    ("name", "attributes", "message"),
    [
        ("conv2d", {"strides": 2}, "op 'conv2d' has no attribute 'strides'"),
        ("softmax", {}, "op 'softmax' needs attribute 'dim'"),
        ("conv2d", {"groups": 1.5}, "op 'conv2d': attribute 'groups' must be int, got 1.5"),
    ],
)
def test_attributes_that_do_not_fit_are_named(name, attributes, message):
    with pytest.raises(GraphError, match=message):
        registry.get(name).normalise(attributes)


X = np.ones((1, 1, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("relu", [], "op 'relu' needs input 'x'"),
        ("relu", [None], "op 'relu' needs input 'x'"),
        ("relu", [X, X], "op 'relu' takes 1 inputs, got 2"),
        ("conv2d", [X], "op 'conv2d' needs input 'weight'"),
        ("cat", [], "op 'cat' takes one or more inputs"),
        ("cat", [X, None], "op 'cat' takes one or more inputs, none of them absent"),
    ],
)
def test_inputs_that_do_not_fit_are_named(name, inputs, message):
    with pytest.raises(GraphError, match=message):
        registry.get(name).compute(inputs, {})


def test_optional_inputs_may_be_left_out_or_none():
    for inputs in ([X, X], [X, X, None]):
        (result,) = registry.get("conv2d").compute(inputs, {})
        assert result.tolist() == [[[[9.0]]]]


def test_results_are_arrays_of_rank_zero_too():
    (result,) = registry.get("exp").compute([np.float32(0)], {})
    assert type(result) is np.ndarray
    assert result.shape == ()


def test_infinities_and_nan_are_values_not_warnings():
    zero = np.zeros(2, np.float32)
    (result,) = registry.get("div").compute([np.array([1, 0], np.float32), zero], {})
    np.testing.assert_array_equal(result, [np.inf, np.nan])


def test_the_shape_rule_guards_the_kernel():
    with pytest.raises(ShapeError, match="op 'add': sizes 2 and 3 do not broadcast"):
        registry.get("add").compute([np.ones(2), np.ones(3)], {})


def test_sizes_beyond_all_bounds_are_a_shape_error():
    x = TensorType(DType.FLOAT32, (1, 1, 1 << 47, 1 << 47))
    with pytest.raises(ShapeError, match="op 'interpolate': "):
        registry.get("interpolate").types([x], {"scale_factor": 1e308})


def test_required_says_what_it_is():
    assert repr(REQUIRED) == "REQUIRED"
