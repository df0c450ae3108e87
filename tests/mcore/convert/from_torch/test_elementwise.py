"""Functions of one value, remainders, bits and other functions of two, in all their spellings."""

from __future__ import annotations

import pytest
import torch

from tests.mcore.convert.harness import Apply, check, ops

UNARY = [
    ("neg", lambda x: -x),
    ("sign", lambda x: torch.sign(x)),
    ("sign", lambda x: x.sgn()),
    ("trunc", lambda x: torch.trunc(3 * x)),
    ("trunc", lambda x: torch.fix(3 * x)),
    ("exp2", lambda x: torch.exp2(x)),
    ("exp2", lambda x: torch.special.exp2(x)),
    ("expm1", lambda x: x.expm1()),
    ("log1p", lambda x: torch.log1p(x.abs())),
    ("log2", lambda x: (x.abs() + 1).log2()),
    ("log10", lambda x: torch.log10(x.abs() + 1)),
    ("tan", lambda x: x.clamp(-1, 1).tan()),
    ("asin", lambda x: torch.asin(x.clamp(-1, 1))),
    ("asin", lambda x: torch.arcsin(x.clamp(-1, 1))),
    ("acos", lambda x: x.clamp(-1, 1).acos()),
    ("atan", lambda x: torch.atan(x)),
    ("sinh", lambda x: x.sinh()),
    ("cosh", lambda x: torch.cosh(x)),
    ("asinh", lambda x: x.asinh()),
    ("acosh", lambda x: torch.acosh(x.abs() + 1)),
    ("atanh", lambda x: torch.atanh(x.clamp(-0.9, 0.9))),
    ("isnan", lambda x: torch.isnan(x.log())),
    ("isinf", lambda x: (1 / x.relu()).isinf()),
    ("isfinite", lambda x: torch.isfinite(x.log())),
    ("nan_to_num", lambda x: torch.nan_to_num(x.log())),
    ("nan_to_num", lambda x: x.log().nan_to_num(0.5, posinf=9.0)),
    ("nan_to_num", lambda x: x.log().nan_to_num_(nan=-1.0)),
    ("sub", lambda x: torch.frac(3 * x)),
    ("eq", lambda x: torch.isposinf(1 / x.relu())),
    ("eq", lambda x: torch.isneginf(x.relu().log())),
    ("bitwise_not", lambda x: ~(9 * x).int()),
    ("bitwise_not", lambda x: torch.bitwise_not((9 * x).long())),
    ("logical_not", lambda x: ~(x > 0)),
]

BINARY = [
    ("remainder", lambda x: torch.remainder(x, 0.7)),
    ("remainder", lambda x: (10 * x).int() % 3),
    ("remainder", lambda x: x % (x.abs() + 1)),
    ("remainder", lambda x: torch.remainder(5.5, x.abs() + 1)),
    ("remainder", lambda x: torch.remainder(x, 1)),
    ("remainder", lambda x: 5.0 % (x.abs() + 1)),
    ("remainder", lambda x: torch.remainder(x.shape[2], x.abs() + 1)),
    ("fmod", lambda x: torch.fmod(x, 0.7)),
    ("fmod", lambda x: x.fmod(x.abs() + 0.1)),
    ("atan2", lambda x: torch.atan2(x, x + 1)),
    ("atan2", lambda x: torch.arctan2(x, x + 1)),
    ("hypot", lambda x: torch.hypot(x, x + 1)),
    ("copysign", lambda x: torch.copysign(x + 2, x)),
    ("copysign", lambda x: x.copysign(-1.0)),
    ("logaddexp", lambda x: torch.logaddexp(x, x * 2)),
    ("fmax", lambda x: torch.fmax(x.log(), x)),
    ("fmin", lambda x: torch.fmin(x.log(), x)),
    ("bitwise_and", lambda x: (9 * x).int() & 3),
    ("bitwise_and", lambda x: torch.bitwise_and((9 * x).int(), (5 * x).int())),
    ("bitwise_and", lambda x: 3 & (9 * x).int()),
    ("bitwise_or", lambda x: (9 * x).int() | 3),
    ("bitwise_or", lambda x: (x > 0) | (9 * x).int()),
    ("bitwise_xor", lambda x: (9 * x).int() ^ 3),
    ("bitwise_xor", lambda x: (x > 0) ^ (x > 1)),
    ("bitwise_left_shift", lambda x: (9 * x).int() << 2),
    ("bitwise_left_shift", lambda x: 1 << (9 * x).int().abs()),
    ("bitwise_right_shift", lambda x: (9 * x).int() >> 1),
    ("bitwise_right_shift", lambda x: torch.bitwise_right_shift((9 * x).int(), (x > 0).int())),
    ("logical_and", lambda x: (x > 0) & (x < 1)),
    ("logical_or", lambda x: torch.bitwise_or(x > 1, x < 0)),
]


@pytest.mark.parametrize(("op", "function"), UNARY + BINARY)
def test_a_spelling_becomes_its_op(op, function):
    assert ops(check(Apply(function), limit=1e-4))[-1] == op


def test_a_number_on_the_left_is_a_constant_of_the_type_that_both_have():
    graph = check(Apply(lambda x: 7 % (5 * x).int().clamp(min=1)))
    assert [kind.dtype for kind in graph.weights.values()] == ["int32"]
