import numpy as np
import pytest

from mcore.platform.runtime.blas import Blas
from mcore.platform.runtime.epilogue import Epilogue
from mcore.platform.runtime.memory import padded_rows
from mcore.platform.runtime.strategies.base import halves, products, row_ranges


@pytest.mark.parametrize("core", ["", "Haswell", "SkylakeX", "Cooperlake"])
@pytest.mark.parametrize(
    ("rows", "inner", "columns"), [(1, 3, 4), (241, 8, 8), (3136, 64, 64), (500, 128, 128), (50, 512, 256)]
)
def test_products_are_the_product(core: str, rows: int, inner: int, columns: int) -> None:
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((rows, inner), (inner, columns)))
    out = np.full((rows, columns), np.nan, np.float32)
    for call, arguments, target in products(a, padded_rows(b), out, Blas(core)):
        call(*arguments, out=target)
    np.testing.assert_allclose(out, np.float64(a) @ np.float64(b), atol=1e-4)


def test_stacks_of_products_cut_each_alike() -> None:
    random = np.random.default_rng(0)
    a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((16, 300, 32), (16, 32, 40)))
    out = np.empty((16, 300, 40), np.float32)
    steps = list(products(a, b, out, Blas("SkylakeX")))
    assert len(steps) == 2
    for call, arguments, target in steps:
        call(*arguments, out=target)
    np.testing.assert_allclose(out, a @ b, atol=1e-4)


def test_only_a_core_with_a_small_kernel_is_given_small_products() -> None:
    a, b, out = (np.zeros(shape, np.float32) for shape in ((960, 64), (64, 64), (960, 64)))
    (whole,) = products(a, b, out, Blas("Haswell"))
    assert whole.out is out
    (stack,) = products(a, b, out, Blas("SkylakeX"))
    assert stack.out.shape == (4, 240, 64)
    assert np.shares_memory(stack.out, out)


def test_products_that_leave_too_few_rows_are_not_cut() -> None:
    a, b, out = (np.zeros(shape, np.float32) for shape in ((960, 512), (512, 512), (960, 512)))
    assert len(list(products(a, b, out, Blas("SkylakeX")))) == 1


def test_rows_are_cut_only_where_an_epilogue_follows() -> None:
    nothing, bias = Epilogue(64, None, ()), Epilogue(64, np.zeros(64, np.float32), ())
    assert row_ranges(5000, 64, nothing) == [(0, 5000)]
    ranges = row_ranges(5000, 64, bias)
    assert len(ranges) == 6
    assert [first for first, _ in ranges[1:]] == [last for _, last in ranges[:-1]]
    assert (ranges[0][0], ranges[-1][1]) == (0, 5000)


@pytest.mark.parametrize(("columns", "cut"), [(1, 1), (100, 1), (128, 2), (1000, 2), (2048, 2)])
def test_columns_are_halved_at_whole_vectors(columns: int, cut: int) -> None:
    parts = halves(columns)
    assert len(parts) == cut
    assert (parts[0][0], parts[-1][1]) == (0, columns)
    assert parts[0][1] == parts[-1][0] or cut == 1
    assert cut == 1 or parts[0][1] % 16 == 0
