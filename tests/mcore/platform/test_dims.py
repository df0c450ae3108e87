"""Size expressions: their normal form computes what plain Python arithmetic does, and equal sizes have one form."""

import json
import operator

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from mcore.platform import dims
from mcore.platform.dims import (
    Expr,
    ceildiv,
    evaluate,
    floordiv,
    from_json,
    maximum,
    minimum,
    never_negative,
    substitute,
    symbol,
    to_json,
)

H, W, N = symbol("H"), symbol("W"), symbol("N")
HALF = -(-H // 2)
VALUES = st.fixed_dictionaries({name: st.integers(1, 400) for name in "HWN"})

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "min": min,
    "max": max,
}
LEAVES = st.one_of(st.sampled_from("HWN"), st.integers(-9, 40))


def _branches(children):
    anything = st.tuples(st.sampled_from(["+", "-", "*", "min", "max"]), children, children)
    divided = st.tuples(st.sampled_from(["//", "%"]), children, st.integers(-12, 12).filter(bool))
    return (anything | divided).map(list)


TREES = st.recursive(LEAVES, _branches, max_leaves=8)


def plain(tree, symbols):
    """The prefix form ``tree`` in Python's own integers."""
    if isinstance(tree, list):
        return OPERATORS[tree[0]](plain(tree[1], symbols), plain(tree[2], symbols))
    return symbols[tree] if isinstance(tree, str) else tree


@given(TREES, VALUES)
def test_the_normal_form_evaluates_as_plain_arithmetic(tree, symbols):
    assert evaluate(from_json(tree), symbols) == plain(tree, symbols)


@given(TREES, TREES, VALUES)
def test_python_operators_evaluate_as_plain_arithmetic(left, right, symbols):
    a, b = from_json(left), from_json(right)
    x, y = plain(left, symbols), plain(right, symbols)
    assert evaluate(a + b, symbols) == x + y
    assert evaluate(a - b, symbols) == x - y
    assert evaluate(a * b, symbols) == x * y


@given(TREES, TREES, VALUES)
def test_division_by_an_expression_evaluates_as_plain_division(left, right, symbols):
    y = plain(right, symbols)
    divisor = from_json(right)
    assume(y != 0 and divisor != 0)
    assert evaluate(floordiv(from_json(left), divisor), symbols) == plain(left, symbols) // y
    assert evaluate(dims.modulo(from_json(left), divisor), symbols) == plain(left, symbols) % y


@given(TREES)
def test_json_comes_back_as_it_was(tree):
    expression = from_json(tree)
    text = json.dumps(to_json(expression))
    assert from_json(json.loads(text)) == expression


@given(TREES)
def test_json_is_canonical(tree):
    once = to_json(from_json(tree))
    assert to_json(from_json(once)) == once


@given(TREES, TREES, VALUES)
def test_substituting_then_evaluating_is_evaluating(tree, replacement, symbols):
    height = plain(replacement, symbols)
    assume(height >= 1)  # symbols stand for one or more
    replaced = substitute(from_json(tree), {"H": from_json(replacement)})
    try:
        value = evaluate(replaced, symbols)
    except ValueError:  # a part of it is out of range
        reject()
    assert value == plain(tree, {**symbols, "H": height})


@given(TREES, VALUES)
def test_what_is_called_never_negative_is_not(tree, symbols):
    if never_negative(from_json(tree)):
        assert plain(tree, symbols) >= 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((H - 1) // 2 + 1, (H + 1) // 2),
        (((H + 1) // 2 + 1) // 2, (H + 3) // 4),
        ((((H + 1) // 2 + 1) // 2 + 1) // 2, (H + 7) // 8),
        ((H + 2 * 3 - 7) // 2 + 1, (H - 1) // 2 + 1),
        (H // 2 // 2 // 2, H // 8),
        (H // 2 * 2 - H, -(H % 2)),
        (4 * H // 2, 2 * H),
        ((4 * H + 2) // 4, H),
        (H * W // W, H),
        ((H + W) * (H - W), H * H - W * W),
        (N * (H // 16) * (W // 16) // ((W // 16) * N), H // 16),
        (-(-H // 2), (H + 1) // 2),
        (H - H // 2, (H + 1) // 2),
        (H // 2 + (H + 1) // 2, H),
        (-(-HALF // 2), (H + 3) // 4),
        (-(-H // 2) // -2, -((H + 3) // 4)),
        (-((-H) // 7), (H + 6) // 7),
        (ceildiv(ceildiv(H, 3), 5), (H + 14) // 15),
        (13 * H // 7, 2 * H - (H + 6) // 7),
        ((H - W) // 7, -((W - H + 6) // 7)),
        (H + (-H) % 32, (H + 31) // 32 * 32),
        ((32 - H % 32) % 32, (-H) % 32),
        ((2 * H + 1) // 4, H // 2),
        ((6 * H + 4 * W + 5) // 10, (3 * H + 2 * W + 2) // 5),
        ((H + W) // 2 + (H + W + 1) // 2, H + W),
        (H // -2, (-H) // 2),
        (minimum(H, W), minimum(W, H)),
        (maximum(H + 1, H), H + 1),
        (minimum(H, H + (-H) % 7), H),
        (minimum(H // 2, (H + 1) // 2), H // 2),
        (maximum(H - 1, 0), H - 1),
        (minimum(1, (H // 16) * (W // 16) + 1), 1),
        (maximum(H - minimum(3, H), 0), H - minimum(3, H)),
    ],
)
def test_equal_roads_have_one_form(left, right):
    assert left == right
    assert hash(left) == hash(right)


@pytest.mark.parametrize("value", [H - H, H * 0, (H + 3) - H, H // H, (6 * H) // (2 * H), (H * W) // (W * H), 0 // H])
def test_what_is_constant_is_an_int(value):
    assert type(value) is int


@pytest.mark.parametrize("unknown", [H - 5, W - H, H // 2 - 1, (H - 9) // 4, -H, minimum(H, W) - 2])
def test_what_may_be_negative_is_not_called_otherwise(unknown):
    assert not never_negative(unknown)


def test_minimum_of_unrelated_sizes_stays():
    assert isinstance(minimum(H, W), Expr)
    assert evaluate(minimum(H, W), {"H": 9, "W": 4}) == 4
    assert evaluate(maximum(H, W), {"H": 9, "W": 4}) == 9


def test_symbols_are_found_inside_of_operations():
    assert (minimum(H // 3, W) * 2 + N).symbols() == {"H", "W", "N"}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (H + 1, "H + 1"),
        ((H + 1) // 2, "((H + 1) // 2)"),
        (2 * H * W - 3, "2*H*W - 3"),
        (minimum(H, W) * N, "N*min(H, W)"),
        (H // 2 * W, "((H) // 2)*W"),
    ],
)
def test_text_reads_as_python(expression, text):
    assert str(expression) == text
    assert repr(expression) == f"Expr({text})"
    values = {"H": 37, "W": 21, "N": 5}
    assert eval(text, {"min": min}, values) == evaluate(expression, values)


def test_an_expression_is_not_equal_to_another_type():
    assert H != "H"
    assert H + 1 != 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (True, "boolean"),
        (1 << 49, "out of range"),
        ("not an identifier", "identifier"),
        ([], "size expression is"),
        (["+", "H"], "size expression is"),
        (["+", "H", 1, 2], "size expression is"),
        (["**", "H", 2], "size expression is"),
        ([[], "H", 2], "size expression is"),
        (["//", "H", 0], "zero"),
        (["%", "H", ["-", "W", "W"]], "zero"),
        (1.5, "size expression is"),
        (None, "size expression is"),
        ({"H": 1}, "size expression is"),
    ],
)
def test_other_json_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        from_json(data)


JSON = st.recursive(
    st.sampled_from([*OPERATORS, "H", "", None, True, 0, 3, -2, 1.5, 1 << 48]),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=2), children, max_size=2),
)


@given(JSON, JSON, st.sampled_from([*OPERATORS]))
def test_any_json_is_a_size_or_a_value_error(left, right, operator):
    for data in (left, [operator, left, right]):
        try:
            size = from_json(data)
        except ValueError:
            continue
        assert isinstance(size, int | Expr)


def test_deep_nesting_is_refused():
    data = "H"
    for _ in range(dims.MAX_DEPTH + 1):
        data = ["max", data, "W"]
    with pytest.raises(ValueError, match="nested deeper"):
        from_json(data)


def test_an_expression_that_multiplies_out_without_end_is_refused():
    data = ["+", "H", "W"]
    for name in "abcdefghijkl":
        data = ["*", data, ["+", name, ["+", f"{name}1", ["+", f"{name}2", f"{name}3"]]]]
    with pytest.raises(ValueError, match="too"):
        from_json(data)


def test_a_symbol_without_a_value_is_named():
    with pytest.raises(ValueError, match="'W' has no value"):
        evaluate(H * W, {"H": 2})


def test_a_value_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match="out of range"):
        evaluate(H * W, {"H": 1 << 30, "W": 1 << 30})


def test_division_by_zero_raises():
    with pytest.raises(ZeroDivisionError):
        floordiv(H, 0)
