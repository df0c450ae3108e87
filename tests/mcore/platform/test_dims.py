"""Sizes as values: evaluation, substitution and JSON."""

import json

import pytest
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st

from mcore.platform import dims
from mcore.platform.dims import Expr, concrete, evaluate, from_json, scaled_symbol, substitute, symbol, to_json

from .size_trees import OPERATORS, TREES, VALUES, plain

H, W = symbol("H"), symbol("W")


@given(TREES, VALUES)
def test_the_normal_form_evaluates_as_plain_arithmetic(tree, symbols):
    assert evaluate(from_json(tree), symbols) == plain(tree, symbols)


@given(TREES)
def test_json_comes_back_as_it_was(tree):
    expression = from_json(tree)
    text = json.dumps(to_json(expression))
    assert from_json(json.loads(text)) == expression


@example(["//", ["%", "H", 3], -4])
@example(["//", ["%", "W", 6], -8])
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


class Counted(dict):
    """Values of symbols that count how often one is asked for."""

    asked = 0

    def __getitem__(self, name):
        self.asked += 1
        return super().__getitem__(name)


def test_what_is_known_is_not_evaluated_again():
    symbols, known = Counted(H=10, W=3), {}
    size = H // 3 + dims.minimum(H // 3, W)
    assert evaluate(size, symbols, known) == 6
    assert known[H] == 10
    asked = symbols.asked
    assert evaluate(size, symbols, known) == 6
    assert symbols.asked == asked
    assert evaluate(size * 2 + H // 3 * W, symbols, known) == 12 + 9
    assert evaluate(size, {"H": 4, "W": 9}) == 2


def test_concrete_reaches_into_nested_tuples():
    assert concrete((1, (H + 1, [H * 2, None]), "a"), {"H": 4}) == (1, (5, (8, None)), "a")


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (H, ("H", 1)),
        (32 * W, ("W", 32)),
        (7, None),
        (H + 1, None),
        (H * W, None),
        (H // 2, None),
        (dims.minimum(H, W), None),
    ],
)
def test_a_size_may_be_a_symbol_times_a_factor(size, wanted):
    assert scaled_symbol(size) == wanted
