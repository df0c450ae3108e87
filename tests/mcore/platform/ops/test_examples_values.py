"""Arithmetic, reductions, order, shapes and positions on numbers that can be followed by hand."""

import numpy as np
import pytest

from mcore.platform.dtypes import DType
from mcore.platform.ops import registry

from .examples import INF, NAN, check_example, example
from .test_examples_layers import EXAMPLES as LAYERS
from .test_examples_tensors import EXAMPLES as TENSORS

GRID = [[1, 2, 3], [4, 5, 6]]
CUBE = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]

EXAMPLES = [
    example("add", [1, 2], [[10], [20]], gives=[[11, 12], [21, 22]]),
    example("add", [1, 2], other=0.5, gives=[1.5, 2.5]),
    example("add", [True, False], [True, True], gives=[True, True]),
    example("sub", [1.0, 2.0], other=3, gives=[-2.0, -1.0]),
    example("rsub", [1.0, 2.0], other=3, gives=[2.0, 1.0]),
    example("mul", [1, 2], other=True, gives=[1, 2]),
    example("div", [1, 2], other=2, gives=[0.5, 1.0]),
    example("div", [-7, 7], [2, -2], rounding_mode="floor", gives=[-4, -4]),
    example("div", [-7, 7], [2, -2], rounding_mode="trunc", gives=[-3, -3]),
    example("div", [1.0, -1.0, 0.0], other=0, gives=[INF, -INF, NAN]),
    example("rdiv", [2, 4], other=1, gives=[0.5, 0.25]),
    example("pow", [2, 3], [3, 2], gives=[8, 9]),
    example("pow", [4.0, 9.0], other=0.5, gives=[2.0, 3.0]),
    example("rpow", [1, 3], other=2, gives=[2, 8]),
    example("minimum", [1.0, NAN], [0.0, 0.0], gives=[0.0, NAN]),
    example("maximum", [1, 5], other=3, gives=[3, 5]),
    example("eq", [1, 2], [1, 3], gives=[True, False]),
    example("ne", [1.0, NAN], [1.0, NAN], gives=[False, True]),
    example("lt", [1, 2, 3], other=2, gives=[True, False, False]),
    example("le", [1, 2, 3], other=2, gives=[True, True, False]),
    example("gt", [1, 2, 3], other=2, gives=[False, False, True]),
    example("ge", [1, 2, 3], other=2, gives=[False, True, True]),
    example("logical_and", [0, 1, 2], [1, 1, 0], gives=[False, True, False]),
    example("logical_or", [0, 1, 0], [0, 1, 2], gives=[False, True, True]),
    example("logical_not", [0.0, -2.0, NAN], gives=[True, False, False]),
    example("where", [True, False], [1, 2], [10, 20], gives=[1, 20]),
    example("where", [True, False], None, [10.0, 20.0], x=-INF, gives=[-INF, 20.0]),
    example("masked_fill", [1.0, 2.0], [[True, False], [False, True]], value=9, gives=[[9.0, 2.0], [1.0, 9.0]]),
    example("clamp", [1, 5, 9], min=2, max=6, gives=[2, 5, 6]),
    example("clamp", [1.0, 5.0], min=4, max=2, gives=[2.0, 2.0]),
    example("neg", [1, -2], gives=[-1, 2]),
    example("abs", [1.5, -2.5], gives=[1.5, 2.5]),
    example("floor", [1.5, -1.5], gives=[1.0, -2.0]),
    example("ceil", [1.5, -1.5], gives=[2.0, -1.0]),
    example("round", [0.5, 1.5, 2.5, -0.6], gives=[0.0, 2.0, 2.0, -1.0]),
    example("exp", [0, 1], gives=[1.0, 2.7182817]),
    example("log", [1.0, 0.0, -1.0], gives=[0.0, -INF, NAN]),
    example("sqrt", [4, 9], gives=[2.0, 3.0]),
    example("rsqrt", [4.0, 0.0], gives=[0.5, INF]),
    example("sin", [0.0, 1.5707964], gives=[0.0, 1.0]),
    example("cos", [0.0, 3.1415927], gives=[1.0, -1.0]),
    example("erf", [0.0, 0.47693628, INF], gives=[0.0, 0.5, 1.0]),
    example("cast", [1.9, -1.9, 0.0], dtype=DType.INT64, gives=[1, -1, 0]),
    example("cast", [2, 0], dtype=DType.BOOL, gives=[True, False]),
    example("mean", [[1.0, 3.0], [5.0, 7.0]], dim=0, gives=[3.0, 5.0]),
    example("mean", [[1.0, 3.0], [5.0, 7.0]], gives=4.0),
    example("sum", GRID, dim=1, keepdim=True, gives=[[6], [15]]),
    example("sum", [True, True, False], gives=2),
    example("amax", GRID, dim=0, gives=[4, 5, 6]),
    example("amin", GRID, dim=(0, 1), gives=1),
    example("argmax", [[1, 7, 7], [9, 0, 9]], dim=1, gives=[1, 0]),
    example("argmax", [[1, 7, 7], [9, 0, 9]], gives=3),
    example("var", [1.0, 2.0, 3.0], gives=1.0),
    example("var", [1.0, 2.0, 3.0], correction=0, gives=2 / 3),
    example("cumsum", GRID, dim=1, gives=[[1, 3, 6], [4, 9, 15]]),
    example("topk", [5, 9, 9, 1], k=3, gives=([9, 9, 5], [1, 2, 0])),
    example("topk", [5, 9, 9, 1], k=2, largest=False, gives=([1, 5], [3, 0])),
    example("sort", [3.0, NAN, 1.0], gives=([1.0, 3.0, NAN], [2, 0, 1])),
    example("sort", [3, 1, 3], descending=True, gives=([3, 3, 1], [0, 2, 1])),
    example("argsort", [3, 1, 3], gives=[1, 0, 2]),
    example("reshape", GRID, shape=(3, -1), gives=[[1, 2], [3, 4], [5, 6]]),
    example("flatten", CUBE, start_dim=1, gives=[[1, 2, 3, 4], [5, 6, 7, 8]]),
    example("permute", CUBE, dims=(2, 0, 1), gives=[[[1, 3], [5, 7]], [[2, 4], [6, 8]]]),
    example("transpose", GRID, dim0=0, dim1=1, gives=[[1, 4], [2, 5], [3, 6]]),
    example("expand", [[1], [2]], size=(-1, 3), gives=[[1, 1, 1], [2, 2, 2]]),
    example("squeeze", [[[1], [2]]], gives=[1, 2]),
    example("squeeze", [[[1], [2]]], dim=0, gives=[[1], [2]]),
    example("unsqueeze", [1, 2], dim=-1, gives=[[1], [2]]),
    example("pixel_shuffle", [[[1]], [[2]], [[3]], [[4]]], upscale_factor=2, gives=[[[1, 2], [3, 4]]]),
    example("pixel_unshuffle", [[[1, 2], [3, 4]]], downscale_factor=2, gives=[[[1]], [[2]], [[3]], [[4]]]),
    example("channel_shuffle", [[[1], [2], [3], [4]]], groups=2, gives=[[[1], [3], [2], [4]]]),
    example("cat", [1, 2], [3], [4.5], gives=[1.0, 2.0, 3.0, 4.5]),
    example("stack", [1, 2], [3, 4], dim=1, gives=[[1, 3], [2, 4]]),
    example("split", GRID, split_size_or_sections=(1, 2), dim=1, gives=([[1], [4]], [[2, 3], [5, 6]])),
    example("split", [1, 2, 3], split_size_or_sections=2, gives=([1, 2], [3])),
    example("chunk", [1, 2, 3, 4, 5], chunks=3, gives=([1, 2], [3, 4], [5])),
    example("chunk", [1, 2, 3, 4], chunks=3, gives=([1, 2], [3, 4])),
    example("unbind", GRID, dim=1, gives=([1, 4], [2, 5], [3, 6])),
    example("slice", GRID, dim=1, start=-2, gives=[[2, 3], [5, 6]]),
    example("slice", GRID, dim=1, step=2, gives=[[1, 3], [4, 6]]),
    example("select", GRID, dim=0, index=-1, gives=[4, 5, 6]),
    example("index_select", GRID, [2, 0, 0], dim=1, gives=[[3, 1, 1], [6, 4, 4]]),
    example("gather", GRID, [[2, 0], [1, 1]], dim=1, gives=[[3, 1], [5, 5]]),
    example("embedding", [[1, 0]], [[0.5, 1.5], [2.5, 3.5]], gives=[[[2.5, 3.5], [0.5, 1.5]]]),
    example("roll", [1, 2, 3], shifts=1, gives=[3, 1, 2]),
    example("roll", GRID, shifts=(1, -1), dims=(0, 1), gives=[[5, 6, 4], [2, 3, 1]]),
    example("flip", GRID, dims=(0, 1), gives=[[6, 5, 4], [3, 2, 1]]),
    example("repeat", [1, 2], repeats=(2, 2), gives=[[1, 2, 1, 2], [1, 2, 1, 2]]),
    example("repeat_interleave", [1, 2], repeats=2, gives=[1, 1, 2, 2]),
    example("pad", [[1, 2]], pad=(1, 0, 0, 1), value=9, gives=[[9, 1, 2], [9, 9, 9]]),
    example("pad", [[1, 2, 3]], pad=(2, 1), mode="reflect", gives=[[3, 2, 1, 2, 3, 2]]),
    example("pad", [[1, 2, 3]], pad=(2, 1), mode="replicate", gives=[[1, 1, 1, 2, 3, 3]]),
    example("pad", [[1, 2, 3]], pad=(2, 1), mode="circular", gives=[[2, 3, 1, 2, 3, 1]]),
    example("interpolate", [[[[1.0, 5.0]]]], size=(1, 4), gives=[[[[1.0, 1.0, 5.0, 5.0]]]]),
    example("interpolate", [[[[1.0, 5.0]]]], size=(1, 4), mode="bilinear", gives=[[[[1.0, 2.0, 4.0, 5.0]]]]),
    example(
        "interpolate",
        [[[[1.0, 4.0]]]],
        size=(1, 4),
        mode="bilinear",
        align_corners=True,
        gives=[[[[1.0, 2.0, 3.0, 4.0]]]],
    ),
    # The centres of three outputs lie at 0.83, 2.5 and 4.17 of an image of five.
    example(
        "interpolate", [[[[0.0, 1.0, 2.0, 3.0, 4.0]]]], size=(1, 3), mode="nearest-exact", gives=[[[[0.0, 2.0, 4.0]]]]
    ),
    example("interpolate", [[[[3.0, 3.0]]]], size=(2, 5), mode="bicubic", gives=[[[[3.0] * 5] * 2]]),
    # Halving with antialias looks at a triangle four pixels wide, cut off at the border.
    example("interpolate", [[[[8.0, 0.0]]]], size=(1, 1), mode="bilinear", antialias=True, gives=[[[[4.0]]]]),
    example("full", size=(1, 2), fill_value=7, gives=[[7, 7]]),
    example("full", size=(), fill_value=-INF, gives=-INF),
    example("arange", start=1, end=8, step=3, gives=[1, 4, 7]),
    example("arange", start=0.0, end=1, step=0.5, gives=[0.0, 0.5]),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example(example):
    check_example(example)


def test_every_op_has_an_example():
    assert {e.op for e in (*EXAMPLES, *LAYERS, *TENSORS)} == set(registry.names())


@pytest.mark.parametrize("op", ["expand", "permute", "reshape", "slice", "select", "unbind", "transpose"])
def test_views_are_not_copied(op):
    """Moving no bytes is what these are for."""
    attributes = {
        "expand": {"size": (2, 3, 4)},
        "permute": {"dims": (1, 0)},
        "reshape": {"shape": (12,)},
        "select": {"dim": 0, "index": 1},
        "transpose": {"dim0": 0, "dim1": 1},
    }
    x = np.zeros((3, 4), np.float32)
    for result in registry.get(op).compute([x], attributes.get(op, {})):
        assert np.shares_memory(result, x)
