"""The algebra of sizes: it computes what plain Python arithmetic does, and equal sizes have one form."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcore.platform import expressions
from mcore.platform.dims import evaluate, from_json, minimum
from mcore.platform.expressions import Expr, ceildiv, floordiv, modulo, multiply, symbol

from .size_trees import SMALL_TREES, TREES, VALUES, plain

H, W, N = symbol("H"), symbol("W"), symbol("N")
HALF = -(-H // 2)


@given(SMALL_TREES, SMALL_TREES, VALUES)
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
    assert evaluate(modulo(from_json(left), divisor), symbols) == plain(left, symbols) % y


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
    ],
)
def test_equal_roads_have_one_form(left, right):
    assert left == right
    assert hash(left) == hash(right)


STRIDES = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@given(STRIDES, st.data())
def test_strided_layers_have_the_form_of_one_ceiling(strides, data):
    """An odd kernel, padded by its half, leaves ``ceil(size / stride)``: however deep, and however it is written."""
    by_formula = by_negation = H
    total = 1
    for stride in strides:
        half = data.draw(st.integers(0, 3))
        by_formula = (by_formula + 2 * half - (2 * half + 1)) // stride + 1
        by_negation = -(-by_negation // stride)
        total *= stride
    assert by_formula == by_negation == ceildiv(H, total) == (H + total - 1) // total


@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.integers(0, 20))
def test_divisions_one_after_the_other_are_one(divisors, constant):
    step_by_step, total = H + constant, 1
    for divisor in divisors:
        step_by_step, total = step_by_step // divisor, total * divisor
    assert step_by_step == (H + constant) // total


@given(TREES, st.integers(2, 9))
def test_division_and_rest_make_the_whole(tree, divisor):
    size = from_json(tree)
    assert size // divisor * divisor + size % divisor == size


@given(TREES, TREES, TREES)
def test_sums_do_not_depend_on_their_order(a, b, c):
    a, b, c = from_json(a), from_json(b), from_json(c)
    assert (a + b) + c == a + (b + c) == (c + a) + b
    assert a - b == -(b - a)
    assert a + b - b == a


@pytest.mark.parametrize("value", [H - H, H * 0, (H + 3) - H, H // H, (6 * H) // (2 * H), (H * W) // (W * H), 0 // H])
def test_what_is_constant_is_an_int(value):
    assert type(value) is int


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


def test_arithmetic_makes_new_values():
    first = H + 1
    kept = str(first)
    assert first * 2 - first == first
    assert str(first) == kept


def test_division_by_zero_raises():
    with pytest.raises(ZeroDivisionError):
        floordiv(H, 0)


@pytest.fixture
def made(monkeypatch):
    """The expressions that are made during a test."""
    found = []
    make = Expr.__init__

    def counted(self, terms):
        found.append(terms)
        make(self, terms)

    monkeypatch.setattr(Expr, "__init__", counted)
    return found


def test_arithmetic_with_light_sizes_is_done_once(made):
    """A graph calculates with the same sizes at each node: a second node costs no new expression."""
    tree = ["-", ["*", ["//", ["+", "H", 6], 7], "N"], ["max", ["//", "W", 5], ["%", "H", 3]]]
    first = from_json(tree)
    del made[:]
    assert from_json(tree) is first
    assert not made


def test_heavy_sizes_are_not_remembered(made):
    """Else a hostile file would fill the memory of the process that reads it."""
    heavy = H
    for i in range(expressions.LIGHT):
        heavy = heavy + symbol(f"S{i}")
    assert heavy.weight > expressions.LIGHT
    del made[:]
    assert heavy + 1 == heavy + 1
    assert heavy // 3 == heavy // 3
    assert len(made) >= 4


def test_numbers_that_tell_who_compares_them_are_not_remembered():
    """A traced size is an ``int`` whose comparisons are logged: none may come from the looking up of a result."""

    class Watched(int):
        __hash__ = int.__hash__

        def __eq__(self, other):
            pytest.fail("was compared")

    assert multiply(H, 3) == multiply(H, 3)
    assert evaluate(multiply(H, Watched(3)), {"H": 5}) == 15


def test_long_texts_are_not_kept():
    size = H
    while len(str(size)) <= 1024:
        size = size + symbol(f"a_long_name_{len(str(size))}")
    assert str(size) is not str(size)
    assert str(H // 3) is str(H // 3)
