"""Positions, patches, bits, running values and boxes on numbers that can be followed by hand."""

import pytest

from .examples import INF, NAN, check_example, example

GRID = [[1, 2, 3], [4, 5, 6]]
IMAGE = [[[[1.0, 2.0], [3.0, 4.0]]]]

EXAMPLES = [
    # arithmetic
    example("remainder", [-7, 7], [3, -3], gives=[2, -2]),
    example("remainder", [5.5, -5.5], other=2, gives=[1.5, 0.5]),
    example("fmod", [-7, 7], [3, -3], gives=[-1, 1]),
    example("bitwise_and", [6, 5], other=3, gives=[2, 1]),
    example("bitwise_or", [6, True], [1, 2], gives=[7, 3]),
    example("bitwise_xor", [True, True], [True, False], gives=[False, True]),
    example("bitwise_not", [0, 5], gives=[-1, -6]),
    example("bitwise_left_shift", [1, 3], [2, 64], gives=[4, 0]),
    example("bitwise_right_shift", [9, -9], other=1, gives=[4, -5]),
    example("atan2", [1.0, -1.0], [0.0, 0.0], gives=[1.5707964, -1.5707964]),
    example("hypot", [3.0], other=4, gives=[5.0]),
    example("copysign", [1.0, -2.0], [-0.0, 3.0], gives=[-1.0, 2.0]),
    example("logaddexp", [0.0, 1e9], [0.0, 0.0], gives=[0.6931472, 1e9]),
    example("fmax", [NAN, 1.0], [2.0, 0.5], gives=[2.0, 1.0]),
    example("fmin", [NAN, 1.0], [2.0, 0.5], gives=[2.0, 0.5]),
    # functions of one value
    example("sign", [-3, 0, 2], gives=[-1, 0, 1]),
    example("trunc", [1.9, -1.9], gives=[1.0, -1.0]),
    example("exp2", [3, -1], gives=[8.0, 0.5]),
    example("expm1", [0.0, 1e-10], gives=[0.0, 1e-10]),
    example("log1p", [0.0, 1e-10], gives=[0.0, 1e-10]),
    example("log2", [8, 1], gives=[3.0, 0.0]),
    example("log10", [1000.0, 0.0], gives=[3.0, -INF]),
    example("tan", [0.0, 0.7853982], gives=[0.0, 1.0]),
    example("asin", [1.0, 2.0], gives=[1.5707964, NAN]),
    example("acos", [1.0, -1.0], gives=[0.0, 3.1415927]),
    example("atan", [1.0, INF], gives=[0.7853982, 1.5707964]),
    example("sinh", [0.0, 1.0], gives=[0.0, 1.1752012]),
    example("cosh", [0.0, 1.0], gives=[1.0, 1.5430806]),
    example("asinh", [0.0, 1.1752012], gives=[0.0, 1.0]),
    example("acosh", [1.0, 1.5430806], gives=[0.0, 1.0]),
    example("atanh", [0.0, 1.0], gives=[0.0, INF]),
    example("isnan", [0.0, NAN, INF], gives=[False, True, False]),
    example("isinf", [0.0, NAN, -INF], gives=[False, False, True]),
    example("isfinite", [0.0, NAN, INF], gives=[True, False, False]),
    example("nan_to_num", [NAN, INF, 1.0], nan=2, posinf=9, gives=[2.0, 9.0, 1.0]),
    # reductions
    example("argmin", [[7, 1, 1], [0, 9, 0]], dim=1, gives=[1, 0]),
    example("prod", GRID, dim=0, gives=[4, 10, 18]),
    example("any", [[0, 1], [0, 0]], dim=1, gives=[True, False]),
    example("all", [[2, 1], [0, 1]], dim=1, keepdim=True, gives=[[True], [False]]),
    example("logsumexp", [[0.0, 0.0], [1e9, 0.0]], dim=1, gives=[0.6931472, 1e9]),
    example("median", [[5, 1, 4, 2]], dim=1, gives=([2], [3])),
    example("cumprod", GRID, dim=1, gives=[[1, 2, 6], [4, 20, 120]]),
    example("cummax", [1, 3, 2, 3], dim=0, gives=([1, 3, 3, 3], [0, 1, 1, 3])),
    example("cummin", [2, 1, NAN, 0.5], dim=0, gives=([2.0, 1.0, NAN, NAN], [0, 1, 2, 2])),
    # positions
    example("scatter", [0, 0, 0], [2, 0], [7, 8], dim=0, gives=[8, 0, 7]),
    example("scatter", [[1, 2]], [[1]], dim=1, src=9, gives=[[1, 9]]),
    example("scatter_add", [1, 1, 1], [2, 0, 2], [7, 8, 9], dim=0, gives=[9, 1, 17]),
    example("scatter_reduce", [4, 4, 4], [2, 0, 2], [7, 3, 5], dim=0, reduce="amax", gives=[4, 4, 7]),
    example(
        "scatter_reduce", [4, 4, 4], [2, 0, 2], [7, 3, 5], dim=0, reduce="mean", include_self=False, gives=[3, 4, 6]
    ),
    example("slice_scatter", [1, 2, 3, 4], [8, 9], start=1, step=2, gives=[1, 8, 3, 9]),
    example("index", GRID, [1, 0], [-1, 1], dims=(0, 1), gives=[6, 2]),
    example("index", GRID, [[2, 0]], dims=1, gives=[[[3, 1]], [[6, 4]]]),
    example("index_put", GRID, [8, 9], [1, 0], [-1, 1], dims=(0, 1), gives=[[1, 9, 3], [4, 5, 8]]),
    example("index_put", [1, 1], [5, 6, 7], [0, 0, 1], dims=0, accumulate=True, gives=[12, 8]),
    example("diagonal", GRID, offset=1, gives=[2, 6]),
    example("tril", GRID, gives=[[1, 0, 0], [4, 5, 0]]),
    example("triu", GRID, diagonal=1, gives=[[0, 2, 3], [0, 0, 6]]),
    example("one_hot", [[2, 0]], num_classes=3, gives=[[[0, 0, 1], [1, 0, 0]]]),
    # patches and grids
    example("unfold", IMAGE, kernel_size=(1, 2), gives=[[[1.0, 3.0], [2.0, 4.0]]]),
    example("fold", [[[1, 2], [3, 4]]], output_size=(1, 3), kernel_size=(1, 2), gives=[[[[1, 5, 4]]]]),
    example("tensor_unfold", [1, 2, 3, 4, 5], dimension=0, size=3, step=2, gives=[[1, 2, 3], [3, 4, 5]]),
    example("grid_sample", IMAGE, [[[[0.0, 0.0], [1.0, 1.0]]]], align_corners=True, gives=[[[[2.5, 4.0]]]]),
    example("grid_sample", IMAGE, [[[[0.0, 0.0], [1.0, 1.0]]]], align_corners=False, gives=[[[[2.5, 1.0]]]]),
    example("grid_sample", IMAGE, [[[[9.0, -9.0]]]], padding_mode="border", mode="nearest", gives=[[[[2.0]]]]),
    example(
        "affine_grid",
        [[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]],
        size=(1, 1, 1, 2),
        align_corners=False,
        gives=[[[[0.0, 0.0], [1.0, 0.0]]]],
    ),
    # boxes: the second is nearly the first, the third is elsewhere
    example(
        "nms",
        [[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.9], [8.0, 8.0, 9.0, 9.0]],
        [0.8, 0.9, 0.7],
        iou_threshold=0.5,
        gives=[1, 2, -1],
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example(example):
    check_example(example)
