"""Random arguments of the functions that have many: each must be right at sizes never traced, or be refused by name."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from mcore.convert import ModelFailed, capture
from mcore.convert.running import Size
from mcore.sampling import Sampling
from tests.mcore.convert.harness import Apply, check, perturbed

IMAGES = Sampling.image(4, ((10, 10), (10, 14), (9, 11)), minimum=8)
UNSEEN = (Size(3, 12, 9), Size(1, 16, 13))

random_calls = settings(max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck))


def examine(module: nn.Module | Apply) -> None:
    """Check it; arguments with which torch itself fails are not of interest."""
    try:
        check(perturbed(module), IMAGES, UNSEEN, limit=1e-4)
    except ModelFailed:
        assume(False)


# -- indices ---------------------------------------------------------------------------------------------------------------

limits = st.one_of(st.none(), st.integers(-6, 6))
slices = st.builds(slice, limits, limits, st.sampled_from([None, 1, 2, 3]))
items = st.one_of(st.integers(-4, 3), slices, st.just(slice(None)), st.none(), st.just(Ellipsis))


def legal(index: tuple) -> bool:
    """At most one ellipsis and four dimensions; the batch, which may be one, is not indexed by a number."""
    consuming = [item for item in index if item is not None and item is not Ellipsis]
    if len(consuming) > 4 or sum(item is Ellipsis for item in index) > 1:
        return False
    return not consuming or isinstance(consuming[0], slice) or Ellipsis in index


indices = st.lists(items, max_size=5).map(tuple).filter(legal)


@random_calls
@given(indices)
def test_a_read(index):
    examine(Apply(lambda x: x[index] + 0.0))


@random_calls
@given(st.integers(1, 3), slices, slices, st.booleans())
def test_a_write(channel, rows, columns, number):
    assume(rows.step in (None, 1))
    assume(columns.step in (None, 1))
    assume(decided(rows))
    assume(decided(columns))

    def function(x: Tensor) -> Tensor:
        y = x.clone()
        y[:, channel, rows, columns] = 2.5 if number else x[:, 0, rows, columns] + 1
        return y + 0.0

    examine(Apply(function))


def decided(item: slice) -> bool:
    """Whether the slice is empty at all legal sizes, which are eight or more, or at none."""
    first, last = item.start or 0, 0 if item.stop is None else item.stop
    return (first < 0) == (last < 0) or abs(first - last) < 8


def test_a_write_that_some_sizes_do_not_have_needs_no_guard():
    def function(x: Tensor) -> Tensor:
        y = x.clone()
        y[..., 2:-6] = 0
        return y

    check(Apply(function), IMAGES, unseen=[*UNSEEN, Size(1, 9, 8)])


def test_a_read_by_symbolic_limits():
    for first, last in ((1, -1), (-3, None), (None, 4)):
        examine(Apply(lambda x, a=first, b=last: x[:, :, a : x.shape[2] - 2, : x.shape[3] // 2][..., :b]))


# -- windows ---------------------------------------------------------------------------------------------------------------

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@random_calls
@given(
    kernel=pairs,
    stride=pairs,
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=pairs,
    groups=st.sampled_from([1, 2, 4]),
    bias=st.booleans(),
)
def test_a_convolution(kernel, stride, padding, dilation, groups, bias):
    examine(nn.Conv2d(4, 8, kernel, stride, padding, dilation, groups, bias))


@random_calls
@given(kernel=pairs, stride=pairs, padding=st.integers(0, 1), extra=st.integers(0, 1), groups=st.sampled_from([1, 2]))
def test_a_transposed_convolution(kernel, stride, padding, extra, groups):
    assume(extra < min(stride))
    assume(min(kernel) > padding)
    examine(nn.ConvTranspose2d(4, 6, kernel, stride, padding, extra, groups))


@random_calls
@given(
    kernel=pairs,
    stride=st.one_of(st.none(), pairs),
    padding=st.integers(0, 1),
    ceil=st.booleans(),
    average=st.booleans(),
    counted=st.booleans(),
)
def test_a_pooling(kernel, stride, padding, ceil, average, counted):
    assume(2 * padding <= min(kernel))
    if average:
        examine(nn.AvgPool2d(kernel, stride, padding, ceil, counted))
    else:
        examine(nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil))


class _Reshaped(nn.Module):
    """A layer of one or three dimensions on images: their rows one after the other, or one slice of a volume."""

    def __init__(self, rank: int, layer: nn.Module) -> None:
        super().__init__()
        self.rank, self.layer = rank, layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(2) if self.rank == 1 else x.unsqueeze(2))


ranks = st.sampled_from([1, 3])


def among(rank: int, sides: tuple[int, int]) -> tuple[int, ...]:
    """Sizes of a window: of a slice one deep."""
    return sides[:1] if rank == 1 else (1, *sides)


@random_calls
@given(
    rank=ranks, kernel=pairs, stride=pairs, dilation=pairs, groups=st.sampled_from([1, 2, 4]), transposed=st.booleans()
)
def test_a_convolution_of_one_or_three_dimensions(rank, kernel, stride, dilation, groups, transposed):
    kind = getattr(nn, f"Conv{'Transpose' * transposed}{rank}d")
    window = {"stride": among(rank, stride), "dilation": among(rank, dilation)}
    examine(_Reshaped(rank, kind(4, 8, among(rank, kernel), groups=groups, **window)))


@random_calls
@given(
    rank=ranks,
    kernel=pairs,
    stride=st.one_of(st.none(), pairs),
    ceil=st.booleans(),
    kind=st.sampled_from(["MaxPool", "AvgPool", "LPPool", "AdaptiveMaxPool", "AdaptiveAvgPool"]),
    indices=st.booleans(),
)
def test_a_pooling_of_one_or_three_dimensions(rank, kernel, stride, ceil, kind, indices):
    layer, window = getattr(nn, f"{kind}{rank}d"), among(rank, kernel)
    own = {"return_indices": indices} if "Max" in kind else {}
    if "Adaptive" in kind:
        examine(_Reshaped(rank, layer(window, **own)))
        return
    first = (2.0,) if kind == "LPPool" else ()
    if kind == "LPPool" and rank == 1:
        (window,) = window
    stride = None if stride is None else among(rank, stride) if rank == 3 else stride[0]
    examine(_Reshaped(rank, layer(*first, window, stride, ceil_mode=ceil, **own)))


@random_calls
@given(kernel=pairs, stride=pairs, padding=st.integers(0, 1))
def test_a_transposed_convolution_to_the_size_of_its_input(kernel, stride, padding):
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(4, 3, kernel, stride, padding)
            self.up = nn.ConvTranspose2d(3, 4, kernel, stride, padding)

        def forward(self, x: Tensor) -> Tensor:
            return self.up(self.down(x), output_size=x.shape)

    assume(all(p < k for p, k in zip((padding,) * 2, kernel, strict=True)))
    examine(Net())


# -- dimensions ------------------------------------------------------------------------------------------------------------

axes = st.lists(st.integers(-4, 3), min_size=1, max_size=3).filter(lambda dims: len({d % 4 for d in dims}) == len(dims))
REDUCTIONS = (torch.mean, torch.sum, torch.amax, torch.amin, torch.var)


@random_calls
@given(st.sampled_from(REDUCTIONS), axes, st.booleans())
def test_a_reduction(function, dims, keepdim):
    # The variance of a batch of one is no number.
    assume(function is not torch.var or (dims != [0] and dims != [-4]))
    examine(Apply(lambda x: function(x, dim=tuple(dims), keepdim=keepdim)))


@random_calls
@given(st.permutations(range(4)), st.integers(0, 3), st.integers(0, 3))
def test_a_rearrangement(order, first, last):
    start, end = sorted((first, last))
    examine(Apply(lambda x: x.permute(order).flatten(start, end)))


@random_calls
@given(st.integers(-5, 4), st.integers(-4, 3), st.integers(1, 5))
def test_a_join_and_a_cut(stacked, joined, parts):
    def function(x: Tensor) -> tuple[Tensor, ...]:
        wide = torch.cat([x, x + 1, x * 2], dim=joined)
        return (torch.stack([x, -x], dim=stacked), *wide.chunk(parts, dim=1))

    examine(Apply(function))


@random_calls
@given(
    st.sets(st.integers(0, 3)),
    st.sets(st.integers(0, 3)),
    st.sampled_from([torch.add, torch.mul, torch.sub, torch.maximum]),
)
def test_broadcasting(left, right, function):
    def collapsed(x: Tensor, dims: set[int]) -> Tensor:
        return x.mean(tuple(dims), keepdim=True) if dims else x

    examine(Apply(lambda x: function(collapsed(x, left), collapsed(x + 1, right))))


@random_calls
@given(
    mode=st.sampled_from(["nearest", "bilinear", "bicubic"]),
    factor=st.sampled_from([0.5, 1.5, 2, 3]),
    by_size=st.booleans(),
    align=st.booleans(),
)
def test_a_resize(mode, factor, by_size, align):
    corners = {} if mode == "nearest" else {"align_corners": align}

    def function(x: Tensor) -> Tensor:
        if by_size:
            return F.interpolate(x, size=(x.shape[2] * 2 - 1, x.shape[3] // 2 + 1), mode=mode, **corners)
        return F.interpolate(x, scale_factor=factor, mode=mode, **corners)

    examine(Apply(function))


@random_calls
@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=4).filter(lambda p: len(p) % 2 == 0),
    st.sampled_from(["constant", "reflect", "replicate", "circular"]),
)
def test_a_padding(widths, mode):
    if mode != "constant":
        widths = (widths * 2)[:4]
    examine(Apply(lambda x: F.pad(x, widths, mode=mode)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_parts_that_every_legal_size_has(count):
    examine(Apply(lambda x: x.chunk(count, dim=2)[-1] + 1))


def test_parts_that_not_every_size_has_are_guarded():
    graph = capture(Apply(lambda x: list(x.chunk(5, dim=2))), IMAGES).graph
    (guard,) = graph.guards
    for height in range(8, 40):
        parts = len(torch.zeros(height).chunk(5))
        assert guard.holds({"H": height, "W": 8, "N": 1}) == (parts == 5)


def test_parts_that_a_traced_size_does_not_have_are_told_for_each_size_alone():
    captured = capture(Apply(lambda x: x.chunk(7, dim=2)[0]), IMAGES)
    assert "a dimension of H does not always give 7 chunks" in captured.report.fallback
    assert len(captured.graphs) == len(IMAGES.sizes)
