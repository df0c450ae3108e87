"""Every function of the contract against torch's, through the call that a model file makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcore.contract import FUNCTIONAL
from mcore.platform.eager import functional
from mcore.platform.eager.methods import METHODS
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError, GraphError, ShapeError
from tests.mcore.platform.eager.functional_cases import CASES, MAP
from tests.mcore.platform.eager.parity import Code, check, normal


def test_every_function_of_the_contract_has_a_case() -> None:
    assert sorted(CASES) == sorted(FUNCTIONAL)


@pytest.mark.parametrize(
    ("code", "arrays"),
    [pytest.param(*case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)],
)
def test_functions_give_what_torch_gives(code: Code, arrays: list[np.ndarray]) -> None:
    check(code, *arrays)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_the_larger_half_of_an_odd_border_comes_after() -> None:
    check(lambda F, x, w: F.conv2d(x, w, padding="same"), MAP, normal(4, 6, 2, 4))


def test_float16_and_float64_stay_what_they_are() -> None:
    for dtype in ("float16", "float64"):
        check(lambda F, x: F.softmax(F.relu(x) * 2 + 1, 1), normal(3, 4, dtype=dtype))


def test_functions_are_the_methods() -> None:
    for name in METHODS:
        assert getattr(Tensor, name) is getattr(functional, name)


def test_a_function_takes_arrays_for_tensors() -> None:
    result = functional.relu(np.array([-1.0, 2.0], np.float32))
    assert isinstance(result, Tensor)
    assert result.tolist() == [0.0, 2.0]


def test_an_unknown_function_is_an_attribute_error_that_says_where_the_known_ones_are() -> None:
    with pytest.raises(AttributeError, match=r"no function 'fft'.*mcore\.platform\.ops"):
        _ = functional.fft


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: functional.rrelu(x, training=True), BackendError, "rrelu with training=True"),
        (lambda x: functional.glu(x, 2), BackendError, "glu halves dimension 2, of which there are 9"),
        (lambda x: functional.batch_norm(x, None, None), ValueError, "needs running_mean and running_var"),
        (lambda x: functional.softmin(x), BackendError, "softmin needs a dim"),
        (lambda x: functional.softmax(x), BackendError, "softmax needs a dim"),
        (lambda x: functional.conv2d(x, x, stride=2, padding="same"), BackendError, "stride of 1"),
        (lambda x: functional.scaled_dot_product_attention(x, x, x, dropout_p=0.5), BackendError, "dropout_p=0.5"),
        (lambda x: functional.bmm(x, x), BackendError, "3 dimensions"),
        (lambda x: functional.repeat_interleave(x, Tensor([1, 2]), 0, output_size=4), BackendError, "3 of them, not 4"),
        (lambda x: functional.repeat_interleave(x, Tensor([1, 2, 3]), 0), BackendError, "3 numbers of repeats for 2"),
        (lambda x: functional.batch_norm(x[0, 0, 0], x, x, training=True), ShapeError, "two dimensions or more"),
        (lambda x: functional.norm(x, "nuc"), BackendError, "norm with p=nuc"),
        (lambda x: functional.norm(x.long()), BackendError, "norm takes a floating-point tensor, not int64"),
        (lambda x: functional.einsum("ij->i", x), ShapeError, "einsum 'ij->i'"),
        (lambda x: functional.embedding(x.long(), x, max_norm=1.0), BackendError, "embedding with max_norm=1.0"),
        (lambda x: functional.relu(x, True, 3), TypeError, "too many positional"),
        (lambda x: functional.relu(), TypeError, "missing a required argument: 'input'"),
        (lambda x: functional.leaky_relu(x, slope=1), TypeError, "slope"),
        (lambda x: functional.reshape(x, (7,)), ShapeError, "op 'reshape'"),
        (lambda x: functional.gelu(x, "fast"), GraphError, "op 'gelu'"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_says_what(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call(Tensor(MAP))
    assert "\n" not in str(caught.value)
