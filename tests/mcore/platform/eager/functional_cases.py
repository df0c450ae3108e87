"""Calls of every function of the contract, for both backends; a case is a call and the arrays that it is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.mcore.platform.eager import layer_cases, tensor_cases
from tests.mcore.platform.eager.parity import dtypes, normal, positive, whole
from tests.mcore.platform.eager.tensor_cases import SQUARE, Cases, arithmetic, binary, unary

X, MAP, PIXELS = normal(3, 4), normal(2, 6, 9, 11), normal(2, 8, 4, 6)
POSITIVE, WHOLE = positive(3, 4), whole(3, 4)
WEIGHT, BIAS = normal(4, 6, 3, 3, seed=1), normal(4, seed=2)
CHANNELS = [positive(6), normal(6, seed=3), positive(6) + 1]
QUERIES = [normal(2, 3, 5, 8, seed=s) for s in range(3)]


def in_place(name: str, *arguments: float) -> Cases:
    def overwritten(F: Any, x: Any) -> Any:
        y = getattr(F, name)(x, *arguments, inplace=True)
        return y, y is x

    return [
        (lambda F, x: getattr(F, name)(x, *arguments), [X * 4]),
        (overwritten, [X * 4]),
    ]


def reduction(name: str) -> Cases:
    return [
        (lambda F, x: getattr(F, name)(x, 1), [MAP]),
        (lambda F, x: getattr(F, name)(x, dim=(2, -1), keepdim=True), [MAP]),
        (lambda F, x: getattr(F, name)(x, 0, True), [MAP]),
        (lambda F, x: getattr(F, name)(x), [MAP]),
    ]


def extremes(name: str) -> Cases:
    return [
        (lambda F, x: getattr(F, name)(x), [MAP]),
        (lambda F, x: getattr(F, name)(x, 1), [MAP]),
        (lambda F, x: getattr(F, name)(x, dim=-1, keepdim=True).indices, [MAP]),
        (lambda F, x, y: getattr(F, name)(x, y), [X, POSITIVE]),
    ]


def statistics(name: str) -> Cases:
    return [
        *reduction(name)[1:2],
        (lambda F, x: getattr(F, name)(x), [MAP]),
        (lambda F, x: getattr(F, name)(x, 1, unbiased=False), [MAP]),
        (lambda F, x: getattr(F, name)(x, 1, False, True), [MAP]),
        (lambda F, x: getattr(F, name)(x, dim=1, correction=2), [MAP]),
    ]


CONVOLUTIONS: Cases = [
    (lambda F, x, w, b: F.conv2d(x, w, b), [MAP, WEIGHT, BIAS]),
    (lambda F, x, w, b: F.conv2d(x, w, b, 2, 1), [MAP, WEIGHT, BIAS]),
    (lambda F, x, w: F.conv2d(x, w, stride=(1, 2), padding=(2, 0), dilation=2), [MAP, WEIGHT]),
    (lambda F, x, w: F.conv2d(x, w, None, 1, 1, 1, 6), [MAP, normal(6, 1, 3, 3)]),
    (lambda F, x, w: F.conv2d(x, w, padding="same", dilation=(1, 2)), [MAP, normal(4, 6, 3, 2)]),
    (lambda F, x, w: F.conv2d(x, w, padding="valid"), [MAP, WEIGHT]),
    (lambda F, input, w: F.conv2d(input=input, weight=w), [MAP, WEIGHT]),
]

CASES: dict[str, Cases] = {
    **layer_cases.CASES,
    **tensor_cases.CASES,
    "conv1d": [
        (lambda F, x, w, b: F.conv1d(x, w, b, 2, 1), [normal(2, 6, 11), normal(4, 6, 3), BIAS]),
        (lambda F, x, w: F.conv1d(x, w, padding="same", dilation=2), [normal(2, 6, 11), normal(4, 6, 4)]),
    ],
    "conv2d": CONVOLUTIONS,
    "conv_transpose2d": [
        (lambda F, x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), [MAP, normal(6, 4, 3, 3), BIAS]),
        (lambda F, x, w: F.conv_transpose2d(x, w, stride=2, groups=2, dilation=2), [MAP, normal(6, 4, 3, 3)]),
    ],
    "linear": [
        (lambda F, x, w: F.linear(x, w), [X, normal(5, 4)]),
        (lambda F, x, w, b: F.linear(x, w, b), [normal(2, 3, 4), normal(5, 4), normal(5)]),
    ],
    "matmul": [
        (lambda F, x, y: F.matmul(x, y), [X, normal(4, 5)]),
        (lambda F, x, y: F.matmul(x, y), [normal(2, 1, 3, 4), normal(5, 4, 2)]),
        (lambda F, x, y: F.matmul(x, y), [X, normal(4)]),
    ],
    "bmm": [(lambda F, x, y: F.bmm(x, y), [normal(2, 3, 4), normal(2, 4, 5)])],
    "einsum": [
        (lambda F, x, y: F.einsum("nhc,nkc->nhk", x, y), [normal(2, 3, 4), normal(2, 5, 4)]),
        (lambda F, x: F.einsum("i j -> j i", x), [X]),
        (lambda F, x: (F.einsum("...hw->...wh", x), F.einsum("nc...,nd...->...cd", x, x), F.einsum("...", x)), [MAP]),
        (lambda F, x: (F.einsum("ii->i", x), F.einsum("ii", x)), [SQUARE]),
        (lambda F, x, y: F.einsum("bij,bjk,k->b", [x, x, y]), [normal(2, 3, 3), normal(3)]),
    ],
    "embedding": [
        (lambda F, i, w: F.embedding(i, w), [np.abs(whole(2, 3)), normal(6, 4)]),
        (lambda F, i, w: F.embedding(i, w, 2, scale_grad_by_freq=True), [np.abs(whole(2, 3)), normal(6, 4)]),
        (lambda F, i, w: F.embedding(i, w, padding_idx=-1, sparse=True), [np.abs(whole(2, 3)), normal(6, 4)]),
    ],
    "scaled_dot_product_attention": [
        (lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v), QUERIES),
        (lambda F, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3), QUERIES),
        (lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, m), [*QUERIES, normal(5, 5)]),
        (lambda F, q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m > 0), [*QUERIES, positive(5, 5)]),
    ],
    "batch_norm": [
        (lambda F, x, v, m, w: F.batch_norm(x, m, v, w, m), [MAP, *CHANNELS]),
        (lambda F, x, v, m, w: F.batch_norm(x, m, v, eps=0.1), [MAP, *CHANNELS]),
        (lambda F, x, v, m, w: F.batch_norm(x, m, v, w, None, True, 0.3), [MAP, *CHANNELS]),
        (lambda F, x: F.batch_norm(x, None, None, training=True), [MAP]),
    ],
    "group_norm": [
        (lambda F, x: F.group_norm(x, 3), [MAP]),
        (lambda F, x, w, b: F.group_norm(x, 2, w, b, 0.1), [MAP, *CHANNELS[:2]]),
    ],
    "instance_norm": [
        (lambda F, x: F.instance_norm(x), [MAP]),
        (lambda F, x, v, m, w: F.instance_norm(x, m, v, w, m, False, eps=0.1), [MAP, *CHANNELS]),
        (lambda F, x, v, m, w: F.instance_norm(x, m, v, w, None, True, 0.3), [MAP, *CHANNELS]),
    ],
    "layer_norm": [
        (lambda F, x, w, b: F.layer_norm(x, (4,), w, b), [X, positive(4), normal(4)]),
        (lambda F, x: F.layer_norm(x, [9, 11], eps=0.1), [MAP]),
        (lambda F, x: F.layer_norm(x, x.shape[2:]), [MAP]),
    ],
    "normalize": [
        (lambda F, x: F.normalize(x), [MAP]),
        (lambda F, x: F.normalize(x, p=1.0, dim=-1), [MAP]),
    ],
    "elu": in_place("elu", 0.7),
    "gelu": [*unary("gelu", X * 3), (lambda F, x: F.gelu(x, approximate="tanh"), [X * 3])],
    "hardsigmoid": in_place("hardsigmoid"),
    "hardswish": in_place("hardswish"),
    "hardtanh": in_place("hardtanh", -0.5, 2.0),
    "leaky_relu": in_place("leaky_relu", 0.2),
    "log_softmax": [(lambda F, x: F.log_softmax(x, dim=-1), [MAP])],
    "mish": in_place("mish"),
    "prelu": [
        (lambda F, x, w: F.prelu(x, w), [MAP, positive(6)]),
        (lambda F, x, w: F.prelu(x, w), [MAP, positive(1)]),
    ],
    "relu": in_place("relu"),
    "relu6": in_place("relu6"),
    "sigmoid": unary("sigmoid", X * 9, WHOLE),
    "silu": in_place("silu"),
    "softmax": [
        (lambda F, x: F.softmax(x, 1), [MAP]),
        (lambda F, x: F.softmax(x, dim=-1, dtype=dtypes(F, "float64")), [MAP]),
    ],
    "softplus": [*unary("softplus", X * 20), (lambda F, x: F.softplus(x, 2.0, 3.0), [X * 4])],
    "tanh": unary("tanh", X * 3),
    "dropout": [
        (lambda F, x: F.dropout(x, 0.5, False), [X]),
        (lambda F, x: F.dropout(x, 0.0), [X]),
        (lambda F, x: F.dropout(x, 1.0), [X]),
        (lambda F, x: F.dropout(x, 1.0, inplace=True), [X]),
    ],
    "dropout2d": [
        (lambda F, x: F.dropout2d(x, 0.5, training=False), [MAP]),
        (lambda F, x: F.dropout2d(x, 1.0), [MAP]),
    ],
    "avg_pool2d": [
        (lambda F, x: F.avg_pool2d(x, 3), [MAP]),
        (lambda F, x: F.avg_pool2d(x, 3, 2, 1, True, False), [MAP]),
        (lambda F, x: F.avg_pool2d(x, (2, 3), (1, 2), divisor_override=5), [MAP]),
    ],
    "max_pool2d": [
        (lambda F, x: F.max_pool2d(x, 2), [MAP]),
        (lambda F, x: F.max_pool2d(x, 3, 2, 1), [MAP]),
        (lambda F, x: F.max_pool2d(x, (3, 2), stride=2, dilation=2, ceil_mode=True), [MAP]),
    ],
    "interpolate": [
        (lambda F, x: F.interpolate(x, (5, 17)), [MAP]),
        (lambda F, x: F.interpolate(x, scale_factor=2), [MAP]),
        (lambda F, x: F.interpolate(x, scale_factor=1.7, mode="bilinear"), [MAP]),
        (lambda F, x: F.interpolate(x, scale_factor=1.7, mode="bilinear", recompute_scale_factor=True), [MAP]),
        (lambda F, x: F.interpolate(x, size=x.shape[-1], mode="bilinear", align_corners=True), [MAP]),
        (lambda F, x: F.interpolate(x, size=(20, 7), mode="bicubic", align_corners=False), [MAP]),
        (lambda F, x: F.interpolate(x, size=(5, 4), mode="bilinear", antialias=True), [MAP]),
        (lambda F, x: F.interpolate(x, size=(3, 4), mode="area"), [MAP]),
        (lambda F, x: F.interpolate(x, scale_factor=0.5, mode="area"), [MAP]),
        (lambda F, x: (F.interpolate(x, 7, mode="linear"), F.interpolate(x, scale_factor=1.5)), [normal(2, 3, 5)]),
        (lambda F, x: F.interpolate(x, scale_factor=(2, 1, 0.5), mode="trilinear"), [normal(1, 2, 3, 4, 6)]),
    ],
    "channel_shuffle": [(lambda F, x: F.channel_shuffle(x, 3), [MAP])],
    "pad": [
        (lambda F, x: F.pad(x, (1, 2)), [MAP]),
        (lambda F, x: F.pad(x, [1, 0, -1, 3], "constant", 0.5), [MAP]),
        (lambda F, x: F.pad(x, (2, 1, 3, 0), mode="reflect"), [MAP]),
        (lambda F, x: F.pad(x, (2, 1, 3, 0), mode="replicate"), [MAP]),
        (lambda F, x: F.pad(x, (2, 1, 3, 0), mode="circular"), [MAP]),
    ],
    "pixel_shuffle": [(lambda F, x: F.pixel_shuffle(x, 2), [PIXELS])],
    "pixel_unshuffle": [(lambda F, x: F.pixel_unshuffle(x, 2), [PIXELS])],
    **{name: arithmetic(name) for name in ("div", "mul")},
    **{
        name: [
            *arithmetic(name),
            (lambda F, x, y, name=name: getattr(F, name)(x, y, alpha=2), [X, POSITIVE]),
            (lambda F, x, name=name: getattr(F, name)(x, 3, alpha=0.5), [X]),
            (lambda F, x, y, name=name: getattr(x, name)(y, alpha=-3), [WHOLE, WHOLE]),
        ]
        for name in ("add", "sub")
    },
    "pow": [
        (lambda F, x: F.pow(x, 2), [X]),
        (lambda F, x: F.pow(x, exponent=0.5), [POSITIVE]),
        (lambda F, x, y: F.pow(x, y), [POSITIVE, X]),
        (lambda F, x: F.pow(x, 3), [WHOLE]),
    ],
    **{name: arithmetic(name) for name in ("eq", "ge", "gt", "le", "lt", "ne")},
    **{name: binary(name) for name in ("logical_and", "logical_or", "maximum", "minimum")},
    "logical_not": unary("logical_not", X, WHOLE),
    **{name: unary(name) for name in ("abs", "ceil", "cos", "erf", "exp", "floor", "neg", "sin")},
    "round": [
        *unary("round"),
        (lambda F, x: (F.round(x, decimals=2), F.round(x * 100, decimals=-1), x.round(decimals=1)), [X]),
    ],
    "square": unary("square", X, WHOLE, WHOLE > 0),
    **{name: unary(name, POSITIVE, np.abs(WHOLE)) for name in ("log", "rsqrt", "sqrt")},
    "clamp": [
        (lambda F, x: F.clamp(x, -0.5, 0.5), [X]),
        (lambda F, x: F.clamp(x, max=0.5), [X]),
        (lambda F, x: F.clamp(x, min=1), [WHOLE]),
        (lambda F, x, y: (F.clamp(x, y), F.clamp(x, max=y), F.clamp(x, y, y + 1)), [X, X[:1]]),
        (lambda F, x, y: x.clamp(y), [WHOLE, X]),
    ],
    "masked_fill": [(lambda F, x: F.masked_fill(x, x > 0, float("-inf")), [X])],
    "where": [
        (lambda F, x, y: F.where(x > 0, x, y), [X, POSITIVE]),
        (lambda F, x: F.where(x > 0, x, 0.5), [X]),
        (lambda F, x: F.where(x > 0, 1.0, x), [X]),
    ],
    "reciprocal": unary("reciprocal", POSITIVE, np.abs(WHOLE) + 1),
    "remainder": [
        (lambda F, x, y: F.remainder(x, y), [X * 5, POSITIVE]),
        (lambda F, x: F.remainder(x, 0.7), [X]),
        (lambda F, x: F.remainder(x, -3), [WHOLE]),
        (lambda F, x, y: F.remainder(x, other=y), [WHOLE, np.abs(whole(1, 4)) + 1]),
    ],
    **{name: reduction(name) for name in ("amax", "amin")},
    **{name: [*extremes(name), (lambda F, x, name=name: getattr(F, name)(x, 1), [X > 0])] for name in ("max", "min")},
    "argmin": [
        (lambda F, x: F.argmin(x), [X]),
        (lambda F, x: F.argmin(x, 1, True), [MAP]),
        (lambda F, x: F.argmin(x, dim=0), [np.array([[3, 1], [-128, 1]], np.int8)]),
    ],
    "argsort": [(lambda F, x: F.argsort(x, -1), [X]), (lambda F, x: F.argsort(x, dim=0, descending=True), [X])],
    "argmax": [
        (lambda F, x: F.argmax(x), [X]),
        (lambda F, x: F.argmax(x, 1, True), [MAP]),
    ],
    "cumsum": [
        (lambda F, x: F.cumsum(x, -1), [X]),
        (lambda F, x: F.cumsum(x, dim=0, dtype=dtypes(F, "float64")), [WHOLE]),
    ],
    "mean": [*reduction("mean"), (lambda F, x: F.mean(x, 1, dtype=dtypes(F, "float64")), [WHOLE])],
    "sum": [*reduction("sum"), (lambda F, x: F.sum(x, 1, dtype=dtypes(F, "float32")), [WHOLE])],
    "norm": [
        (lambda F, x: F.norm(x), [MAP]),
        (lambda F, x: F.norm(x, 1, -1), [MAP]),
        (lambda F, x: F.norm(x, p=3.0, dim=(1, 2), keepdim=True), [MAP]),
        (lambda F, x: F.norm(x, float("inf"), 1), [MAP]),
        (lambda F, x: (F.norm(x, 0), F.norm(x, -1.5, 1), F.norm(x, None, [0, 1])), [X]),
        (lambda F, x: F.norm(x, 3, 0), [np.array(-2.0, np.float32)]),
        (lambda F, x: F.norm(x, 2, 1, dtype=dtypes(F, "float64")), [X]),
    ],
    **{
        name: [*statistics(name), (lambda F, x, name=name: (getattr(F, name)(x, False), getattr(x, name)(True)), [X])]
        for name in ("std", "var")
    },
    "sort": [
        (lambda F, x: F.sort(x), [X]),
        (lambda F, x: F.sort(x, 0, descending=True).values, [X]),
        (lambda F, x: F.sort(x, 0, True).indices, [X]),
        (lambda F, x: (F.argsort(x, stable=True), x.sort(stable=True, dim=0)), [np.array([[1, 0, 1], [0, 0, 1]])]),
    ],
    "topk": [
        (lambda F, x: F.topk(x, 2), [X]),
        (lambda F, x: F.topk(x, 2, dim=0, largest=False).indices, [X]),
    ],
    **{
        name: [
            (lambda F, x, y, name=name: getattr(F, name)([x, y]), [X, POSITIVE]),
            (lambda F, x, y, name=name: getattr(F, name)((x, y), dim=-1), [X, WHOLE]),
        ]
        for name in ("cat", "concat")
    },
    "stack": [(lambda F, x, y: F.stack([x, y, x], 1), [X, POSITIVE])],
    "chunk": [
        (lambda F, x: F.chunk(x, 3, 1), [MAP]),
        (lambda F, x: F.chunk(x, 1), [MAP]),
        (lambda F, x: F.chunk(x, 4, dim=3), [MAP]),
    ],
    "split": [
        (lambda F, x: F.split(x, 2, 1), [MAP]),
        (lambda F, x: F.split(x, [1, 5], dim=1), [MAP]),
        (lambda F, x: F.split(x, 9), [MAP]),
    ],
    "unbind": [(lambda F, x: F.unbind(x, 1), [X])],
    "expand": [
        (lambda F, x: F.expand(x, (2, -1, 4)), [normal(3, 1)]),
        (lambda F, x: F.expand(x, (3, 4)), [normal(1, 4)]),
    ],
    "flatten": [
        (lambda F, x: F.flatten(x, 1), [MAP]),
        (lambda F, x: F.flatten(x), [MAP]),
        (lambda F, x: F.flatten(x, start_dim=1, end_dim=2), [MAP]),
    ],
    "flip": [(lambda F, x: F.flip(x, (0, -1)), [X])],
    "gather": [(lambda F, x, i: F.gather(x, 1, i), [X, np.abs(whole(3, 2)) % 4])],
    "index_select": [(lambda F, x, i: F.index_select(x, 1, i), [MAP, np.array([5, 0, 0])])],
    "meshgrid": [
        (lambda F, x, y: F.meshgrid(x, y, indexing="ij"), [normal(3), normal(4)]),
        (lambda F, x, y: F.meshgrid([x, y, x], indexing="xy"), [normal(3), normal(4)]),
    ],
    "movedim": [
        (lambda F, x: F.movedim(x, 1, -1), [MAP]),
        (lambda F, x: F.movedim(x, (0, 3), (-1, 0)), [MAP]),
    ],
    "permute": [(lambda F, x: F.permute(x, (0, 2, -1, 1)), [MAP])],
    "repeat": [(lambda F, x: F.repeat(x, (2, 1, 3)), [X])],
    "repeat_interleave": [
        (lambda F, x: F.repeat_interleave(x, 2), [X]),
        (lambda F, x: F.repeat_interleave(x, 3, dim=1), [X]),
        (lambda F, x: F.repeat_interleave(x, 2, 0, output_size=6), [X]),
        (lambda F, x, n: (F.repeat_interleave(x, n, 0), x.repeat_interleave(n[0], 1)), [X, np.array([2, 0, 1])]),
    ],
    "reshape": [
        (lambda F, x: F.reshape(x, (2, -1)), [MAP]),
        (lambda F, x: F.reshape(x, (*x.shape[:2], -1)), [MAP]),
    ],
    "view": [(lambda F, x: F.view(x, (2, -1)), [MAP])],
    "roll": [
        (lambda F, x: F.roll(x, 2, 1), [X]),
        (lambda F, x: F.roll(x, (1, -2), dims=(0, 1)), [X]),
        (lambda F, x: F.roll(x, 5), [X]),
    ],
    "squeeze": [
        (lambda F, x: F.squeeze(x), [normal(1, 3, 1)]),
        (lambda F, x: F.squeeze(x, 0), [normal(1, 3, 1)]),
        (lambda F, x: F.squeeze(x, dim=(0, 1)), [normal(1, 3, 1)]),
    ],
    "tile": [
        (lambda F, x: F.tile(x, (2,)), [X]),
        (lambda F, x: F.tile(x, (2, 1, 3)), [X]),
    ],
    "transpose": [(lambda F, x: F.transpose(x, 1, -1), [MAP])],
    "unflatten": [
        (lambda F, x: F.unflatten(x, 1, (2, -1)), [MAP]),
        (lambda F, x: F.unflatten(x, -1, (11, 1)), [MAP]),
    ],
    "unsqueeze": [(lambda F, x: F.unsqueeze(x, -1), [X])],
    "arange": [
        (lambda F: F.arange(5), []),
        (lambda F: F.arange(1, 4, 0.5), []),
        (lambda F: F.arange(2, 9, step=3, dtype=dtypes(F, "float32"), device="cpu"), []),
    ],
    "full": [
        (lambda F: F.full((2, 3), 1.5), []),
        (lambda F: F.full([2], 3, dtype=dtypes(F, "float64")), []),
        (lambda F: F.full((), True), []),
    ],
    "full_like": [(lambda F, x: F.full_like(x, 2), [X])],
    "linspace": [
        (lambda F: F.linspace(-1, 1, 5), []),
        (lambda F: F.linspace(0.0, 3.0, steps=7, dtype=dtypes(F, "float64")), []),
        (
            lambda F: (F.linspace(4.3, -3, 7, dtype=dtypes(F, "int64")), F.linspace(5, 9, 1, dtype=dtypes(F, "int32"))),
            [],
        ),
        (lambda F: F.linspace(-3.9, 8.9, 50, dtype=dtypes(F, "int32")), []),
    ],
    "ones": [(lambda F: F.ones(2, 3), []), (lambda F: F.ones((2,), dtype=dtypes(F, "int32")), [])],
    "zeros": [(lambda F: F.zeros(2, 3), []), (lambda F: F.zeros([2, 1], device="cpu"), [])],
    "ones_like": [(lambda F, x: F.ones_like(x), [WHOLE])],
    "zeros_like": [(lambda F, x: F.zeros_like(x, dtype=dtypes(F, "float64")), [X])],
}
