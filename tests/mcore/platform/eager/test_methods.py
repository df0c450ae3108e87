"""Methods and operators of Tensor against torch's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from mcore.platform.eager import functional
from mcore.platform.eager.methods import IN_PLACE, METHODS
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError, PlatformError
from tests.mcore.platform.eager.parity import check, normal, positive, same, whole

X, Y, WHOLE = positive(3, 4), positive(3, 1), whole(3, 4, low=1)
TRUTH = X > 1

ROWS, PLACES = np.array([2, 0]), np.array([[2, 0, 1, 3], [1, 0, 3, 2], [0, 1, 2, 3]])
UNIT = X / 3

#: What the forms in place are tried with, where it is not a float tensor alone.
ARGUMENTS: dict[str, tuple[np.ndarray, tuple[Any, ...]]] = {
    **dict.fromkeys(("add", "div", "mul", "pow", "sub", "fmod", "remainder", "floor_divide", "eq", "ne"), (X, (1.5,))),
    **dict.fromkeys(("lt", "le", "gt", "ge"), (X, (1.5,))),
    **dict.fromkeys(("atan2", "copysign", "hypot", "logical_and", "logical_or", "logical_xor"), (X, (Y,))),
    **{f"bitwise_{name}": (WHOLE, (3,)) for name in ("and", "or", "xor", "left_shift", "right_shift")},
    "bitwise_not": (WHOLE, ()),
    **dict.fromkeys(("acos", "asin", "atanh"), (UNIT, ())),
    "acosh": (X + 1, ()),
    **dict.fromkeys(("addcdiv", "addcmul"), (X, (Y, Y))),
    "addmm": (normal(3, 3), (normal(3, 2), normal(2, 3))),
    "baddbmm": (normal(2, 3, 3), (normal(2, 3, 2), normal(2, 2, 3))),
    **dict.fromkeys(("clamp", "clip"), (X, (0.5, 1.0))),
    **dict.fromkeys(("cumprod", "cumsum"), (X, (1,))),
    "index_add": (X, (0, ROWS, normal(2, 4))),
    "index_copy": (X, (0, ROWS, normal(2, 4))),
    "index_fill": (X, (1, ROWS, 2.5)),
    "lerp": (X, (X + 1, 0.25)),
    "masked_fill": (X, (TRUTH, 9.0)),
    "scatter": (X, (1, PLACES, normal(3, 4))),
    "scatter_add": (X, (1, PLACES, normal(3, 4))),
    "scatter_reduce": (X, (1, PLACES, normal(3, 4), "amax")),
}

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


def names(function: Any) -> str:
    return getattr(function, "__name__", str(function))


@pytest.mark.parametrize("function", [*ARITHMETIC, *COMPARISONS], ids=names)
@pytest.mark.parametrize("right", [X.T.copy().T, Y, WHOLE, Y.astype(np.float64)], ids=["same", "row", "whole", "wide"])
def test_operators_between_tensors(function: Callable[..., Any], right: np.ndarray) -> None:
    check(lambda F, x, y: function(x, y), X, right)
    check(lambda F, x, y: function(y, x), X, right)


#: Torch subtracts no bool.
WITH_NUMBERS = [(f, n) for f in (*ARITHMETIC, *COMPARISONS) for n in (2, 0.5, True) if (f, n) != (operator.sub, True)]


@pytest.mark.parametrize(("function", "number"), WITH_NUMBERS, ids=lambda v: getattr(v, "__name__", str(v)))
@pytest.mark.parametrize("values", [X, WHOLE, X.astype(np.float16)], ids=["float32", "int64", "float16"])
def test_operators_with_numbers_on_either_side(function: Callable[..., Any], number: float, values: np.ndarray) -> None:
    check(lambda F, x: function(x, number), values)
    check(lambda F, x: function(number, x), values)


def test_the_other_operators() -> None:
    check(lambda F, x, y: x @ y, X, normal(4, 2))
    check(lambda F, x: (-x, +x, abs(-x)), X)
    check(lambda F, x: (x // 0.3, x % 0.3, -x % 0.3), X)
    check(lambda F, x, y: (x // y, x % y), WHOLE, whole(1, 4, low=2))
    check(lambda F, x, y: (x & y, x | y, x ^ y, ~x), TRUTH, ~TRUTH[:1])
    check(lambda F, x, y: (x & y, x | 3, ~x), WHOLE, WHOLE[:1])
    check(lambda F, x: (5 % x, 7 // x, 3 & x, 3 | x, 3 ^ x, x << 2, x >> 1, 1 << x), WHOLE)
    check(lambda F, x: (5 % x, 7 // x, 2.5 % x), Y.astype(np.float16))


def test_a_write_at_indices_in_place() -> None:
    def code(F: Any, x: Any, i: Any, y: Any) -> Any:
        result = x.index_put_((i, i), y, accumulate=True)
        return result, result is x

    check(code, X.copy(), np.array([2, 0, 2]), positive(3))


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ipow", "ifloordiv", "imod"])
def test_in_place_operators_write_to_the_tensor_itself(name: str) -> None:
    def code(F: Any, x: Any, y: Any) -> Any:
        before = x
        view = x[1:]
        x = getattr(operator, name)(x, y)
        return x, x is before, view, getattr(operator, name)(x, 2)

    check(code, X, Y)


@pytest.mark.parametrize("name", [name for name in IN_PLACE if name != "index_put"])
def test_in_place_methods_do_as_the_function_and_return_the_tensor(name: str) -> None:
    values, arguments = ARGUMENTS.get(name, (X, ()))

    def code(F: Any, x: Any, *given: Any) -> Any:
        view = x[1:]
        arrays = iter(given)
        result = getattr(x, f"{name}_")(*[next(arrays) if isinstance(a, np.ndarray) else a for a in arguments])
        return result, result is x, view

    check(code, values, *[a for a in arguments if isinstance(a, np.ndarray)])


@pytest.mark.parametrize("name", ["softmax", "transpose", "squeeze", "flatten"])
def test_a_form_in_place_that_there_is_not_is_said(name: str) -> None:
    with pytest.raises(
        AttributeError, match=rf"{name} has no form that writes to the tensor itself here: use x = x\.{name}"
    ):
        getattr(Tensor([1.0]), f"{name}_")
    with pytest.raises(AttributeError, match="the Platform's Tensor has no 'no_such_'"):
        _ = Tensor([1.0]).no_such_


@pytest.mark.parametrize("name", METHODS)
def test_torch_has_every_method_by_that_name(name: str) -> None:
    assert hasattr(torch.Tensor, name)
    assert callable(getattr(functional, name))


def test_lists_may_be_given_one_by_one() -> None:
    check(lambda F, x: (x.permute(2, 0, 1), x.permute((2, 0, 1)), x.permute([2, 0, 1])), normal(2, 3, 4))
    check(lambda F, x: (x.view(4, -1), x.reshape(24), x.view(x.shape[0], -1), x.reshape((2, 12))), normal(2, 3, 4))
    check(lambda F, x: (x.expand(2, -1, 4), x.repeat(2, 3, 1), x.flip(0, 1), x.flip(1)), normal(3, 1))
    check(lambda F, x: (x.squeeze(0), x.unflatten(1, (3, 1)), x.tile(2, 2)), normal(1, 3))
    check(lambda F, x: (x.new_zeros([2], device="cpu"), x.new_full((2,), 3, device="cpu", requires_grad=False)), X)
    check(lambda F, x: (x.new_zeros(2, 3), x.new_ones((2, 3)), x.new_full([2], 1.5), x.new_zeros(x.shape)), X)


def test_methods_with_keywords() -> None:
    check(lambda F, x: (x.softmax(dim=-1), x.mean(dim=(0, 1), keepdim=True), x.topk(k=2, dim=1)), X)
    check(lambda F, x: (x.flatten(start_dim=1), x.chunk(chunks=2, dim=1), x.sum(1, keepdim=True)), normal(2, 4, 3))
    check(lambda F, x, y: (x.eq(y), x.amax(1), x.clamp(min=0.5), x.max(), x.min(dim=1).values), X, Y)


def test_types() -> None:
    check(lambda F, x: (x.type(x.half().dtype), x.short(), x.char(), x.abs().byte(), x.new_empty(2).zero_()), X * 2)
    with pytest.raises(BackendError, match=r"a type is one of float64, .*, not 'FloatTensor'"):
        Tensor(X).type("FloatTensor")
    check(lambda F, x: (x.half(), x.float(), x.double(), x.int(), x.long(), x.bool(), x.cpu()), X * 2)
    check(lambda F, x, y: (x.to(y), x.type_as(y), x.to(y.dtype), x.to(dtype=y.dtype), x.to("cpu")), X, WHOLE)
    check(lambda F, x: (x.to("cpu", copy=True), x.to(x.dtype, True, True), x.to(x, memory_format=None)), X)
    x = Tensor(X)
    assert x.to(DType.FLOAT32, False, True) is not x
    assert x.to("cpu") is x
    assert x.float() is x
    with pytest.raises(BackendError, match="no device 'cuda'"):
        x.to("cuda")
    with pytest.raises(BackendError, match="no device 'cuda:0'"):
        x.to(device="cuda:0")


def test_the_shapes_that_methods_give() -> None:
    check(lambda F, x: (x.t(), x.ravel(), x.mm(x.t()), x.unfold(1, 2, 2), x.diagonal(), x.select(1, 0)), X)
    check(
        lambda F, x: (x.topk(2), x.softmax(1), x.flatten(1), x @ x.T, x.chunk(2, 1), x.size(-1), x.tril(), x.any(1)), X
    )
    check(lambda F, x: (x.cummax(1).indices, x.median(dim=1).values, x.tensor_split(2, 1), x.narrow(1, 1, 2)), X)


def test_bfloat16() -> None:
    x, y = Tensor(X), torch.from_numpy(X)

    def code(value: Any) -> Any:
        half = value.bfloat16()
        half[0] = 0.3
        half.mul_(1.7)
        half += 1
        half[1, 1:3].fill_(1 / 3)
        results = (
            half,
            half @ half.T,
            half.softmax(1),
            half + 1,
            half * value,
            half.sum(),
            half > 1,
            half.reshape(-1)[2:5],
        )
        return [r.float() for r in results]

    for ours, theirs in zip(code(x), code(y), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1.6e-2)
    half = x.bfloat16()
    assert half.dtype is DType.BFLOAT16
    assert half.tolist() == y.bfloat16().tolist()
    assert half[0, 0].item() == float(half[0, 0]) == y.bfloat16()[0, 0].item()
    assert np.asarray(half).dtype == np.float32
    assert half.is_floating_point()
    assert "bfloat16" in repr(half)
    assert half[0, 0].item() in half
    half.reshape(-1)[0] = 7
    assert half[0, 0].item() == 7
    with pytest.raises(BackendError, match=r"a result of bfloat16 .* cannot be written in place to int64"):
        Tensor(WHOLE).add_(half)


def test_filling() -> None:
    check(lambda F, x, y: (x.clone().fill_(3), x.clone().zero_(), x.clone().copy_(y)), X, Y)
    check(lambda F, x, y: (x.expand_as(y), y.view_as(y.reshape(4, 3))), Y, X)
    x = Tensor(np.zeros((64, 64), np.float32))
    assert abs(x.normal_(1.0, 0.1).numpy().mean() - 1.0) < 0.05
    assert 0.4 < x.uniform_(0.0, 1.0).numpy().mean() < 0.6


def test_comparison_with_what_is_no_number_is_python_s() -> None:
    x = Tensor([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    for function in (operator.add, operator.lt):
        for operands in ((x, None), (None, x)):
            with pytest.raises(TypeError, match=r"unsupported operand|not supported"):
                function(*operands)


def test_in_place_results_must_fit() -> None:
    x = Tensor([1, 2])
    with pytest.raises(BackendError, match=r"a result of float32 \(2,\) cannot be written in place to int64 \(2,\)"):
        x += 0.5
    with pytest.raises(BackendError, match=r"\(2, 2\) cannot be written in place to int64 \(2,\)"):
        x *= Tensor([[1, 2], [3, 4]])
    with pytest.raises(BackendError, match="clone it first"):
        Tensor([[1.0]]).expand(2, 2).relu_()
    for write in (lambda y: y.fill_(0), lambda y: y.copy_(y), lambda y: y.__setitem__(0, 1)):
        for shared in (x.expand(2, 2), Tensor([[1, 2], [3, 4]]).diagonal(), x.unfold(0, 1, 1)):
            with pytest.raises(BackendError, match="clone it first"):
                write(shared)
    assert x.tolist() == [1, 2]


def test_logic_is_for_bools_and_integers() -> None:
    with pytest.raises(PlatformError, match="op 'bitwise_and': takes integers or bools, not float32"):
        _ = Tensor([1.0]) & Tensor([2.0])


@settings(max_examples=100)
@given(
    st.sampled_from(["float16", "float32", "float64", "int32", "int64", "uint8", "bool"]),
    st.sampled_from(["float16", "float32", "float64", "int32", "int64", "uint8", "bool"]),
    st.sampled_from([operator.add, operator.mul, operator.truediv, operator.lt]),
    st.booleans(),
)
def test_element_types_promote_as_in_torch(
    left: str, right: str, function: Callable[..., Any], rank_zero: bool
) -> None:
    x = np.array([1, 2, 3]).astype(left)
    y = np.array(1 if rank_zero else [1, 1, 2]).astype(right)
    try:
        wanted = function(torch.from_numpy(x), torch.from_numpy(y))
    except RuntimeError:
        with pytest.raises(PlatformError):
            function(Tensor(x), Tensor(y))
    else:
        same(function(Tensor(x), Tensor(y)), wanted)
