"""Layers with constructor arguments drawn at random, against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcore.platform.eager.tensor import Tensor
from tests.mcore.platform.eager.layers.pairs import check_layer, pair
from tests.mcore.platform.eager.parity import normal, same

few = settings(max_examples=30)
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


ranks = st.integers(1, 3)


def sized(data: st.DataObject, rank: int, low: int, high: int) -> tuple[int, ...]:
    return data.draw(st.tuples(*[st.integers(low, high)] * rank))


@few
@given(ranks, st.booleans(), st.data())
def test_convolutions_of_any_rank(rank: int, batched: bool, data: st.DataObject) -> None:
    x = normal(*([2] if batched else []), 4, *sized(data, rank, 5, 8))
    kernel, dilation = sized(data, rank, 1, 3), sized(data, rank, 1, 2)
    mode = data.draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    padding = data.draw(st.sampled_from([0, 1, "valid", *(["same"] if all(k % 2 for k in kernel) else [])]))
    stride = 1 if padding == "same" else sized(data, rank, 1, 2)
    options = {"dilation": dilation, "padding_mode": mode, "groups": data.draw(st.sampled_from([1, 2, 4]))}
    check_layer(f"Conv{rank}d", x, 4, 4, kernel, stride, padding, **options)


@few
@given(ranks, st.booleans(), st.data())
def test_transposed_convolutions_to_a_size(rank: int, batched: bool, data: st.DataObject) -> None:
    """A size between those that the strides give; the whole shape says the same."""
    x = normal(*([2] if batched else []), 4, *sized(data, rank, 2, 5))
    kernel, stride, dilation = sized(data, rank, 1, 3), sized(data, rank, 1, 3), sized(data, rank, 1, 2)
    ours, theirs = pair(f"ConvTranspose{rank}d", 4, 2, kernel, stride, dilation=dilation)
    least = [
        (n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x.shape[-rank:], stride, dilation, kernel, strict=True)
    ]
    size = tuple(n + data.draw(st.integers(0, s - 1)) for n, s in zip(least, stride, strict=True))
    # torch's own rule for what may be added is the stride, its kernel's is stride or dilation: the same here.
    for wanted in (size, (*x.shape[: -rank - 1], 2, *size)):
        with torch.no_grad():
            same(ours(Tensor(x), wanted), theirs(torch.from_numpy(x), wanted))


@few
@given(ranks, st.sampled_from(["Constant", "Zero", "Reflection", "Replication", "Circular"]), st.booleans(), st.data())
def test_padding_of_any_rank(rank: int, kind: str, batched: bool, data: st.DataObject) -> None:
    x = normal(*([2] if batched else []), 3, *sized(data, rank, 4, 6))
    low = -1 if kind in ("Constant", "Zero") else 0
    widths = data.draw(st.integers(low, 3) | st.tuples(*[st.integers(low, 3)] * (2 * rank)))
    check_layer(f"{kind}Pad{rank}d", x, widths, *([0.5] if kind == "Constant" else []))


@few
@given(st.data())
def test_attention(data: st.DataObject) -> None:
    draw = data.draw
    heads, batch, queries, keys = (draw(st.integers(1, 4)) for _ in range(4))
    width, batched, first = heads * draw(st.integers(1, 3)), draw(st.booleans()), draw(st.booleans())
    widths = draw(st.sampled_from([{}, {"kdim": 3, "vdim": 5}]))
    options = {"bias": draw(st.booleans()), "add_bias_kv": draw(st.booleans()), "add_zero_attn": draw(st.booleans())}
    ours, theirs = pair("MultiheadAttention", width, heads, batch_first=first, **options, **widths)

    def tokens(length: int, size: int, seed: int) -> np.ndarray:
        shape = ((batch, length) if first else (length, batch)) if batched else (length,)
        return normal(*shape, size, seed=seed)

    inputs = [
        tokens(queries, width, 0),
        tokens(keys, widths.get("kdim", width), 1),
        tokens(keys, widths.get("vdim", width), 2),
    ]
    # Of two masks torch wants both to be of one type; a query that no key takes part for has no numbers.
    is_bool, masks = draw(st.booleans()), {}
    for name, shape in {
        "attn_mask": draw(st.sampled_from([None, (queries, keys), ((batch if batched else 1) * heads, queries, keys)])),
        "key_padding_mask": draw(st.sampled_from([None, (batch, keys) if batched else (keys,)])),
    }.items():
        if shape is not None:
            values = normal(*shape, seed=len(name))
            masks[name] = (values > 0.8) & (np.arange(keys) > 0) if is_bool else values
    call = {"need_weights": draw(st.booleans()), "average_attn_weights": draw(st.booleans())}
    own = ours.eval()(*map(Tensor, inputs), **{n: Tensor(m) for n, m in masks.items()}, **call)
    with torch.no_grad():
        other = theirs.eval()(
            *map(torch.from_numpy, inputs), **{n: torch.from_numpy(m) for n, m in masks.items()}, **call
        )
    same(own[0], other[0])
    assert (own[1] is None) == (other[1] is None)
    if other[1] is not None:
        same(own[1], other[1])


@few
@given(ranks, st.booleans(), st.data())
def test_unpooling_takes_pooling_back(rank: int, batched: bool, data: st.DataObject) -> None:
    x = normal(*([2] if batched else []), 3, *sized(data, rank, 3, 8))
    kernel = sized(data, rank, 1, 3)
    pool, their_pool = pair(f"MaxPool{rank}d", kernel, return_indices=True)
    unpool, their_unpool = pair(f"MaxUnpool{rank}d", kernel)
    theirs = their_unpool(*their_pool(torch.from_numpy(x)), output_size=x.shape[-rank:])
    same(unpool(*pool(Tensor(x)), output_size=x.shape[-rank:]), theirs)
