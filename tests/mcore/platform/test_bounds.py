"""What can be told of sizes without their values."""

import pytest
from hypothesis import given

from mcore.platform.bounds import maximum, minimum, never_negative
from mcore.platform.dims import Expr, evaluate, from_json, symbol

from .size_trees import TREES, VALUES, plain

H, W = symbol("H"), symbol("W")


@given(TREES, VALUES)
def test_what_is_called_never_negative_is_not(tree, symbols):
    if never_negative(from_json(tree)):
        assert plain(tree, symbols) >= 0


@pytest.mark.parametrize("unknown", [H - 5, W - H, H // 2 - 1, (H - 9) // 4, -H, minimum(H, W) - 2])
def test_what_may_be_negative_is_not_called_otherwise(unknown):
    assert not never_negative(unknown)


@pytest.mark.parametrize(
    "known",
    [
        0,
        H - 1,
        H * W - H,
        2 * H + W - 3,
        H // 7,
        (H + 6) // 7 * 7 - H,
        H - H // 2 * 2,
        H % 32,
        (H // 16) * (W // 16),
        H - minimum(H, W),
        maximum(H, W) - H,
        minimum(H, W) - 1,
        maximum(H - 9, 0),
        H + 2 - maximum(H - 3, 2),
    ],
)
def test_what_is_never_negative_is_called_so(known):
    assert never_negative(known)


def test_what_is_negative_is_not_called_otherwise():
    assert not never_negative(-1)
    assert never_negative(1 - minimum(1, H))


def test_a_very_long_expression_is_not_reasoned_about():
    size = H
    for i in range(30):
        size = size + symbol(f"S{i}")
    assert not never_negative(size)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (minimum(H, W), minimum(W, H)),
        (maximum(H + 1, H), H + 1),
        (minimum(H, H + (-H) % 7), H),
        (minimum(H // 2, (H + 1) // 2), H // 2),
        (maximum(H - 1, 0), H - 1),
        (minimum(1, (H // 16) * (W // 16) + 1), 1),
        (maximum(H - minimum(3, H), 0), H - minimum(3, H)),
        (maximum(minimum(H, 1), 0), 1),
        (minimum(2 * H, H + H // 2), H + H // 2),
        (minimum(H, maximum(H - 2, 0)), maximum(H - 2, 0)),
    ],
)
def test_minima_and_maxima_are_decided_where_bounds_tell(left, right):
    assert left == right


@given(TREES, TREES, VALUES)
def test_minima_and_maxima_evaluate_as_plain_ones(left, right, symbols):
    a, b = from_json(left), from_json(right)
    x, y = plain(left, symbols), plain(right, symbols)
    assert evaluate(minimum(a, b), symbols) == min(x, y)
    assert evaluate(maximum(a, b), symbols) == max(x, y)


def test_minimum_of_unrelated_sizes_stays():
    assert isinstance(minimum(H, W), Expr)
    assert evaluate(minimum(H, W), {"H": 9, "W": 4}) == 4
    assert evaluate(maximum(H, W), {"H": 9, "W": 4}) == 9
