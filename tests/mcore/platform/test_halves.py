"""Sums of divisions by even numbers: equal sums have one form, which is short, whatever road a model takes to them."""

from functools import reduce
from operator import add
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform import expressions, halves
from mcore.platform.bounds import minimum, never_negative
from mcore.platform.dims import ceildiv, evaluate, from_json, symbol, to_json

H, W = symbol("H"), symbol("W")
N_BY_W = symbol("N") * W

#: What is divided, by an even number or by half of one, and how often it is added.
TERMS = st.tuples(
    st.integers(-3, 3),
    st.sampled_from([H, W, H + W, 3 * H, H - 2 * W, H // 3 + W, 3 * (H // 2) + 1]),
    st.integers(0, 40),
    st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 16, 32]),
)
SUMS = st.lists(TERMS, min_size=1, max_size=6)


def divided(term):
    factor, size, constant, divisor = term
    return factor * ((size + constant) // divisor)


@given(SUMS, st.integers(1, 99), st.integers(1, 99))
def test_a_sum_evaluates_as_its_parts(terms, height, width):
    symbols = {"H": height, "W": width}
    parts = [divided(term) for term in terms]
    total = reduce(add, parts)
    by_part = [f * ((evaluate(size, symbols) + c) // d) for f, size, c, d in terms]
    assert [evaluate(part, symbols) for part in parts] == by_part
    assert evaluate(total, symbols) == sum(by_part)


@given(SUMS, st.integers(0, 99))
def test_a_sum_has_one_form_in_any_order_and_grouping(terms, seed):
    parts = list(map(divided, terms))
    total = reduce(add, parts)
    Random(seed).shuffle(parts)
    cut = seed % (len(parts) + 1)
    assert reduce(add, parts[:cut], 0) + reduce(add, parts[cut:], 0) == total
    assert from_json(to_json(total)) == total
    assert (total * -1) * -1 == total


@given(SUMS, SUMS)
def test_what_is_added_and_subtracted_leaves_no_trace(first, second):
    a, b = (reduce(add, map(divided, terms)) for terms in (first, second))
    assert a + b - b == a
    assert a - b == -(b - a)


@given(st.sampled_from([H, H + W, H // 3 + W, N_BY_W]), st.integers(0, 40), st.integers(-3, 3), st.integers(1, 20))
def test_halves_add_up_to_the_whole(size, constant, factor, half):
    x = size + constant
    first, second, whole = (factor * ((x + more) // by) for more, by in ((0, 2 * half), (half, 2 * half), (0, half)))
    assert first + second == whole
    assert whole - first == second
    assert whole - second == first


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2 * (H // 4) - 2 * (H // 8), "2*((H + 4) // 8)"),
        (H - H // 2 - (H + 1) // 4, "((H + 3) // 4)"),
        (H // 2 - (H + 2) // 4, "((H) // 4)"),
        (H // 4 - H // 2, "-1*((H + 2) // 4)"),
        (H // 7 - H // 14, "((H + 7) // 14)"),
        (H // 4 + (H // 4 - H // 8) - (H + 4) // 16, "((H + 12) // 16) + ((H) // 4)"),
        (2 * (H // 4) - H // 8, "((H + 4) // 8) + ((H) // 4)"),
        (32 * ((H + 31) // 32) - H, "32*((H + 31) // 32) - 1*H"),
        # A rest stays as it was written: no other form is shorter.
        (H // 8 % 2, "-2*((H) // 16) + ((H) // 8)"),
        (-(H // 8), "-1*((H) // 8)"),
        (-((H + 15) // 16), "-1*((H + 15) // 16)"),
    ],
)
def test_the_form_is_short(size, text):
    assert str(size) == text


@pytest.mark.parametrize("start", [H, H // 4, (H + 3) // 4, H // 2 + 3, (H + 6) // 7])
def test_sizes_do_not_grow_with_the_stages_that_round_them_up(start):
    """What a Swin transformer does: windows of seven at each stage, made even before they are merged two by two."""
    weight = 9
    size = start
    for stage in range(1, 6):
        padded = size + -size % 7
        assert padded == 7 * ceildiv(size, 7)
        assert padded.weight <= weight
        assert never_negative(padded - size)
        even = size + size % 2
        assert minimum(0, even) == 0
        assert even // 2 == (even + 1) // 2 == ceildiv(size, 2) == ceildiv(start, 2**stage)
        size = even // 2


def test_heavy_sums_are_left_as_they_are():
    """There a form is not unique, but right."""
    count = halves.MAX_WEIGHT // 4
    total = reduce(add, [(H + symbol(f"S{i}")) // 4 for i in range(count)], H // 4)
    longer = total - H // 8
    assert len(longer.terms) == count + 2
    symbols = {"H": 37, **{f"S{i}": i + 1 for i in range(count)}}
    assert evaluate(longer, symbols) == evaluate(total, symbols) - 4


def test_halves_by_a_large_number_are_left_as_they_are():
    half = halves.MAX_DIVISOR
    assert len((H // half - H // (2 * half)).terms) == 2
    assert len((H // (half // 2) - H // half).terms) == 1


def test_a_hostile_sum_of_halves_costs_few_steps(monkeypatch):
    """Chains of halves are as long as the divisor has bits, for each of many terms: their number is what is limited."""
    steps = []
    halves_of = expressions._halves
    monkeypatch.setattr(expressions, "_halves", lambda atom: steps.append(atom) or halves_of(atom))
    for divisor in (1 << 12, 1 << 40):
        total = 0
        for i in range(60):
            total = total + (symbol(f"S{i}") + divisor - 1) // divisor
        assert len(total.terms) == 60
    assert len(steps) < 20_000
