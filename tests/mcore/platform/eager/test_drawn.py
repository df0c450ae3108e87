"""Functions with arguments drawn at random, against torch: sizes, strides, borders, dimensions of either sign."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.mcore.platform.eager.parity import check, normal

few = settings(max_examples=40)
sizes = st.tuples(st.integers(1, 3), st.integers(5, 12), st.integers(5, 12))
pairs = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
borders = st.one_of(st.integers(0, 2), st.tuples(st.integers(0, 2), st.integers(0, 2)))
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def shape_and_dims(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A shape, and some of its dimensions counted from either end."""
    shape = draw(shapes)
    dims = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1, max_size=len(shape)))
    return shape, tuple(d - len(shape) if draw(st.booleans()) else d for d in dims)


@few
@given(sizes, st.sampled_from([1, 2, 4]), pairs, pairs, borders, st.integers(1, 2), st.booleans())
def test_conv2d(size: Any, groups: int, kernel: Any, stride: Any, padding: Any, dilation: int, bias: bool) -> None:
    batch, height, width = size
    window = (kernel, kernel) if isinstance(kernel, int) else kernel
    arrays = [normal(batch, 4, height, width), normal(8, 4 // groups, *window), normal(8)]

    def code(F: Any, x: Any, w: Any, b: Any) -> Any:
        return F.conv2d(x, w, b if bias else None, stride, padding, dilation, groups)

    check(code, *arrays)


@few
@given(sizes, st.sampled_from([1, 2]), pairs, st.integers(1, 3), borders, st.integers(0, 2))
def test_conv_transpose2d(size: Any, groups: int, kernel: Any, stride: int, padding: Any, extra: int) -> None:
    assume(extra < stride)
    batch, height, width = size
    window = (kernel, kernel) if isinstance(kernel, int) else kernel
    arrays = [normal(batch, 4, height, width), normal(4, 6 // groups, *window)]
    check(lambda F, x, w: F.conv_transpose2d(x, w, None, stride, padding, extra, groups), *arrays)


@few
@given(sizes, st.integers(2, 4), st.one_of(st.none(), pairs), st.integers(0, 1), st.booleans(), st.booleans())
def test_pooling(size: Any, kernel: int, stride: Any, padding: int, ceil_mode: bool, count: bool) -> None:
    x = normal(size[0], 3, *size[1:])
    check(lambda F, x: F.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode), x)
    check(lambda F, x: F.avg_pool2d(x, kernel, stride, padding, ceil_mode, count), x)


@few
@given(sizes, st.tuples(st.integers(1, 13), st.integers(1, 13)))
def test_adaptive_pooling(size: Any, output: tuple[int, int]) -> None:
    x = normal(size[0], 3, *size[1:])
    check(lambda F, x: (F.adaptive_avg_pool2d(x, output), F.adaptive_max_pool2d(x, output)), x)


@few
@given(
    sizes,
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from(["nearest", "bilinear", "bicubic"]),
    st.booleans(),
)
def test_interpolate(size: Any, output: tuple[int, int], mode: str, align: bool) -> None:
    corners = None if mode == "nearest" else align
    check(lambda F, x: F.interpolate(x, output, mode=mode, align_corners=corners), normal(size[0], 2, *size[1:]))


@few
@given(shape_and_dims(), st.booleans())
def test_reductions(drawn: Any, keepdim: bool) -> None:
    shape, dims = drawn
    for name in ("sum", "mean", "amax", "amin"):
        check(lambda F, x, name=name: getattr(F, name)(x, dims, keepdim), normal(*shape))
    one = dims[0]
    check(lambda F, x: (x.max(one, keepdim), x.argmin(one, keepdim), x.norm(dim=one, keepdim=keepdim)), normal(*shape))
    check(lambda F, x: (x.cumsum(one), x.var(dims, correction=0, keepdim=keepdim)), normal(*shape))


@few
@given(shape_and_dims(), st.data())
def test_changes_of_shape(drawn: Any, data: st.DataObject) -> None:
    shape, dims = drawn
    rank, one = len(shape), dims[0]
    order = tuple(data.draw(st.permutations(range(rank))))
    places = tuple(data.draw(st.permutations([d % rank for d in dims])))
    new = data.draw(st.integers(-rank - 1, rank))
    start = data.draw(st.integers(0, one % rank))

    def code(F: Any, x: Any) -> Any:
        return (
            (x.permute(order), x.movedim(dims, places), x.transpose(one, dims[-1]), x.unsqueeze(new)),
            (x.flatten(start, one), x.flip(dims), x.squeeze(one), x.roll([1] * len(dims), dims), x.unbind(one)),
            (x.chunk(2, one), x.split(1, one), x.repeat_interleave(2, one), x.unflatten(one, (1, -1))),
        )

    check(code, normal(*shape))


@few
@given(shapes, st.data())
def test_joining_and_repeating(shape: tuple[int, ...], data: st.DataObject) -> None:
    rank = len(shape)
    dim = data.draw(st.integers(-rank, rank - 1))
    times = data.draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank + 1).map(tuple))
    fewer = times[: data.draw(st.integers(1, len(times)))]
    check(lambda F, x, y: (F.cat([x, y, x], dim), F.stack((x, y), dim)), normal(*shape), normal(*shape, seed=1))
    check(lambda F, x: (x.repeat(times), x.tile(fewer), x.expand(2, *shape)), normal(*shape))


@few
@given(shapes, st.data())
def test_broadcasting(shape: tuple[int, ...], data: st.DataObject) -> None:
    other = tuple(data.draw(st.sampled_from([1, s])) for s in shape)[data.draw(st.integers(0, len(shape) - 1)) :]
    x, y = normal(*shape), normal(*other, seed=1)
    check(lambda F, x, y: (x + y, y - x, x * y, x / y, F.maximum(x, y), x > y, F.where(x > y, x, y)), x, y)
    check(lambda F, x, y: (x % y, F.remainder(y, x), x // y), np.round(x * 8), np.abs(np.round(y * 8)) + 1)


@few
@given(st.integers(1, 12), st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 5))
def test_ranges(steps: int, start: int, end: int, step: int) -> None:
    check(lambda F: F.linspace(start, end, steps))
    check(lambda F: F.linspace(start / 7, end / 3, steps))
    if start <= end:
        check(lambda F: (F.arange(start, end, step), F.arange(start, end, step / 2), F.arange(end - start)))


@few
@given(shapes, st.integers(0, 3), st.booleans())
def test_ranking(shape: tuple[int, ...], seed: int, descending: bool) -> None:
    x = normal(*shape, seed=seed)
    k = (shape[-1] + 1) // 2
    check(lambda F, x: (x.sort(-1, descending), x.topk(k, -1, descending), x.argsort(descending=descending)), x)
