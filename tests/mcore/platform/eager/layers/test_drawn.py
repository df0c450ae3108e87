"""Layers with constructor arguments drawn at random, against torch."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.mcore.platform.eager.layers.pairs import check_layer
from tests.mcore.platform.eager.parity import normal

few = settings(max_examples=30, deadline=None)
pairs = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
maps = st.tuples(st.integers(1, 3), st.just(4), st.integers(6, 11), st.integers(6, 11))


@few
@given(
    maps,
    pairs,
    pairs,
    st.one_of(st.integers(0, 2), st.sampled_from(["same", "valid"])),
    st.sampled_from([1, 2, 4]),
    st.booleans(),
    st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
)
def test_conv2d(shape: Any, kernel: Any, stride: Any, padding: Any, groups: int, bias: bool, mode: str) -> None:
    # torch allows no stride with ``same``, and warns of even kernels there.
    assume(padding != "same" or (stride in (1, (1, 1)) and all(k % 2 for k in as_pair(kernel))))
    check_layer(
        "Conv2d",
        normal(*shape),
        *(4, 8, kernel, stride),
        padding=padding,
        groups=groups,
        bias=bias,
        padding_mode=mode,
    )


def as_pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


@few
@given(maps, pairs, st.integers(1, 3), st.integers(0, 1), st.sampled_from([1, 2, 4]))
def test_conv_transpose2d(shape: Any, kernel: Any, stride: int, padding: int, groups: int) -> None:
    assume(min(as_pair(kernel)) > 2 * padding - 1)
    check_layer("ConvTranspose2d", normal(*shape), 4, 8, kernel, stride, padding, stride - 1, groups)


@few
@given(maps, st.booleans(), st.booleans(), st.one_of(st.none(), st.floats(0.0, 1.0)), st.booleans())
def test_batch_norm(shape: Any, affine: bool, tracked: bool, momentum: float | None, training: bool) -> None:
    check_layer(
        "BatchNorm2d",
        normal(*shape),
        *(4, 1e-3),
        momentum=momentum,
        affine=affine,
        track_running_stats=tracked,
        training=training,
    )


@few
@given(maps, st.booleans(), st.booleans(), st.booleans())
def test_instance_norm(shape: Any, affine: bool, tracked: bool, training: bool) -> None:
    check_layer("InstanceNorm2d", normal(*shape), 4, 1e-3, 0.2, affine, tracked, training=training)


@few
@given(maps, st.sampled_from([1, 2, 4]), st.integers(1, 3), st.booleans())
def test_group_and_layer_norm(shape: Any, groups: int, last: int, affine: bool) -> None:
    check_layer("GroupNorm", normal(*shape), groups, 4, 1e-3, affine)
    check_layer("LayerNorm", normal(*shape), shape[-last:], 1e-3, affine)


@few
@given(maps, st.integers(2, 3), st.one_of(st.none(), pairs), st.integers(0, 1), st.booleans())
def test_pools(shape: Any, kernel: int, stride: Any, padding: int, ceil_mode: bool) -> None:
    check_layer("MaxPool2d", normal(*shape), kernel, stride, padding, ceil_mode=ceil_mode)
    check_layer("AvgPool2d", normal(*shape), kernel, stride, padding, ceil_mode)


@few
@given(maps, st.floats(0.5, 3.0), st.sampled_from(["nearest", "bilinear", "bicubic"]), st.sampled_from([None, True]))
def test_upsample(shape: Any, factor: float, mode: str, recompute: bool | None) -> None:
    factor = round(factor, 2)
    check_layer("Upsample", normal(*shape), scale_factor=factor, mode=mode, recompute_scale_factor=recompute)
