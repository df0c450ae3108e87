"""Sizes that carry their expression: arithmetic against plain integers, guards, leaks."""

from __future__ import annotations

import copy
import math
import operator
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcore.convert.symbolic import Sym, expression, maximum, minimum, plain, size
from mcore.platform.dims import evaluate, symbol


class Log:
    def __init__(self):
        self.guards, self.leaks = [], []

    def guard(self, relation, left, right):
        self.guards.append(f"{left} {relation} {right}")

    def leak(self, what):
        self.leaks.append(what)


H, W = symbol("H"), symbol("W")


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def h(log):
    return size(224, H, log)


def same(number, expected, h, w):
    """``number`` has this value, and its expression gives it."""
    assert plain(number) == expected
    assert type(plain(number)) is int
    assert evaluate(expression(number), {"H": h, "W": w}) == expected


CARRIED = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod]


@given(h=st.integers(1, 4096), w=st.integers(1, 4096), k=st.integers(1, 64))
@pytest.mark.parametrize("function", CARRIED)
def test_arithmetic_is_that_of_integers_and_of_expressions(function, h, w, k):
    log = Log()
    a, b = size(h, H, log), size(w, W, log)
    for left, right, x, y in ((a, b, h, w), (a, k, h, k), (k, a, k, h), (a, -k, h, -k)):
        same(function(left, right), function(x, y), h, w)
    assert not log.guards
    assert not log.leaks


@given(h=st.integers(1, 4096), w=st.integers(1, 4096), k=st.integers(1, 9))
def test_a_chain_of_operations_keeps_up(h, w, k):
    log = Log()
    a, b = size(h, H, log), size(w, W, log)
    chains = (
        lambda a, b: (a + 2 * k - 3) // 2 + 1,
        lambda a, b: -(-a // k) * k - a,
        lambda a, b: ((a - 1) // 2 + b) * (a // k) % (b + 1),
        lambda a, b: sum(divmod(a * b, k + 1)),
        lambda a, b: (a >> 2) + (b << 1) - +a + a**2,
    )
    for chain in chains:
        same(chain(a, b), chain(h, w), h, w)
    same(minimum(a, b), min(h, w), h, w)
    same(maximum(a, k), max(h, k), h, w)
    assert not log.guards
    assert not log.leaks


def test_a_constant_expression_is_a_plain_integer(h, log):
    assert type(size(64, 64, log)) is int
    assert type(h - h) is int
    assert type(h * 0 + 3) is int
    assert type(minimum(3, 4)) is int


RELATIONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("other", [7, 224, 300])
def test_a_comparison_is_plain_and_its_answer_is_logged_as_it_held(relation, other, h, log):
    answer = relation(h, other)
    assert type(answer) is bool
    assert answer == relation(224, other)
    (guard,) = log.guards
    left, sign, right = guard.split()
    signs = {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    assert (left, right) == ("H", str(other))
    assert signs[sign](224, other)


def test_what_holds_for_every_size_is_no_guard(h, log):
    assert h + 1 > h
    assert h == h + 0
    assert not log.guards


def test_truth_and_absolute_value_ask(h, log):
    assert h
    assert abs(h - 300) == 76
    assert log.guards == ["H != 0", "H - 300 < 0", "-1*H + 300 == 76"]


def test_comparing_with_a_whole_float_is_a_guard_and_with_a_fraction_a_leak(h, log):
    assert h > 7.0
    assert log.guards == ["H > 7"]
    assert h > 7.5
    assert log.leaks == ["comparison with a fraction"]


def test_comparing_with_what_is_no_number(h, log):
    assert h != "224"
    assert h is not None
    assert (h == None) is False  # noqa: E711  (models do ask)
    with pytest.raises(TypeError):
        h < "224"  # noqa: B015
    assert not log.guards


LEAKS = [
    ("int()", lambda h: int(h)),
    ("float()", lambda h: float(h)),
    ("float()", lambda h: math.sqrt(h)),
    ("/", lambda h: float(h / 2)),
    ("/", lambda h: 2 / h),
    ("/", lambda h: h / 2.5),
    ("/", lambda h: h / -2),
    ("/", lambda h: h / (h + 1)),
    ("**", lambda h: h**0.5),
    ("**", lambda h: 2**h if h else 0),
    ("* with a float", lambda h: h * 0.5),
    ("+ with a float", lambda h: h + 0.5),
    ("&", lambda h: h & 7),
    ("|", lambda h: 7 | h),
]


@pytest.mark.parametrize(("what", "function"), LEAKS)
def test_a_leak_gives_the_plain_answer_and_is_logged(what, function, h, log):
    assert function(h) == pytest.approx(function(224))
    assert not isinstance(function(h), Sym)
    assert set(log.leaks) == {what}


def test_rounding_leaves_a_size_as_it_is(h, log):
    for function in (math.floor, math.ceil, math.trunc, round):
        assert function(h) is h
    assert not log.leaks


def test_it_is_an_integer_to_torch_and_to_containers(h, log):
    assert tuple(torch.zeros(2, h - 220, 1).shape) == (2, 4, 1)
    assert torch.zeros(1).expand(h).shape == (224,)
    assert torch.Size((1, h))[1] is h
    assert {h: 1}[224] == 1
    assert f"{h} {h:04d}" == "224 0224"
    assert list(range(3))[: h - 222] == [0, 1]
    assert not log.leaks


def test_copies_keep_it_and_pickles_hold_the_number(h):
    assert copy.deepcopy({"size": h})["size"] is h
    assert type(pickle.loads(pickle.dumps(h))) is int
