"""Cases of the functions of layers that are newer than their 2d forms, for ``test_functional``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.mcore.platform.eager.parity import Code, dtypes, normal, positive

Cases = list[tuple[Code, list[np.ndarray]]]

X = normal(3, 4) * 4
LINE, MAP, CUBE = normal(2, 6, 11), normal(2, 6, 9, 11), normal(2, 6, 4, 5, 6)
MAPS = {1: LINE, 2: MAP, 3: CUBE}


def in_place(name: str, *arguments: float) -> Cases:
    def overwritten(F: Any, x: Any) -> Any:
        y = getattr(F, name)(x, *arguments, inplace=True)
        return y, y is x

    return [(lambda F, x: getattr(F, name)(x), [X])] * (not arguments) + [
        (lambda F, x: getattr(F, name)(x, *arguments), [X]),
        (overwritten, [X]),
    ]


def average(rank: int) -> Cases:
    name = f"avg_pool{rank}d"
    return [
        (lambda F, x: getattr(F, name)(x, 2), [MAPS[rank]]),
        (lambda F, x: getattr(F, name)(x, 3, 2, 1, True, False), [MAPS[rank]]),
        (lambda F, x: getattr(F, name)(x[0], kernel_size=3, stride=1, count_include_pad=False), [MAPS[rank]]),
    ]


def largest(rank: int) -> Cases:
    name = f"max_pool{rank}d"
    return [
        (lambda F, x: getattr(F, name)(x, 2), [MAPS[rank]]),
        (lambda F, x: getattr(F, name)(x, 2, 1, 1, 2, True), [MAPS[rank]]),
        (lambda F, x: getattr(F, name)(x[0], 3, stride=2, padding=1, return_indices=True), [MAPS[rank]]),
    ]


def adaptive(rank: int) -> dict[str, Cases]:
    name, sizes = f"pool{rank}d", (3, None, 2)[:rank]
    return {
        f"adaptive_avg_{name}": [
            (lambda F, x: getattr(F, f"adaptive_avg_{name}")(x, 2), [MAPS[rank]]),
            (lambda F, x: getattr(F, f"adaptive_avg_{name}")(x[0], sizes), [MAPS[rank]]),
        ],
        f"adaptive_max_{name}": [
            (lambda F, x: getattr(F, f"adaptive_max_{name}")(x, 2), [MAPS[rank]]),
            (lambda F, x: getattr(F, f"adaptive_max_{name}")(x[0], sizes, return_indices=True), [MAPS[rank]]),
            (lambda F, x: getattr(F, f"adaptive_max_{name}")(x, output_size=sizes), [MAPS[rank]]),
        ],
    }


def unpool(rank: int) -> Cases:
    def both(F: Any, x: Any, *rest: Any, **named: Any) -> Any:
        values, where = getattr(F, f"max_pool{rank}d")(x, *rest, return_indices=True)
        return getattr(F, f"max_unpool{rank}d")(values, where, *rest, **named)

    return [
        (lambda F, x: both(F, x, 2, output_size=x.shape), [MAPS[rank]]),
        (lambda F, x: both(F, x, 2, 2, output_size=x.shape[2:]), [MAPS[rank]]),
        (lambda F, x: both(F, x[:, :, *[slice(0, 4)] * rank], 2), [MAPS[rank]]),
        (lambda F, x: both(F, x[:, :, *[slice(0, 4)] * rank], (2,) * rank, 2, 0), [MAPS[rank]]),
    ]


def powers(rank: int) -> Cases:
    name = f"lp_pool{rank}d"
    return [
        (lambda F, x: getattr(F, name)(x, 2, 2), [MAPS[rank]]),
        (lambda F, x: getattr(F, name)(x, 3.0, 2, stride=1), [abs(MAPS[rank])]),
        (
            lambda F, x: getattr(F, name)(x[0], 4.0, 3 if rank == 1 else (3, 2, 1)[:rank], 2, ceil_mode=True),
            [MAPS[rank]],
        ),
    ]


def dropping(name: str, x: np.ndarray) -> Cases:
    return [
        (lambda F, x: getattr(F, name)(x, 0.5, False), [x]),
        (lambda F, x: getattr(F, name)(x, 0.0, training=True), [x]),
        (lambda F, x: getattr(F, name)(x, 1.0, True), [x]),
    ]


CASES: dict[str, Cases] = {
    "conv3d": [
        (lambda F, x, w, b: F.conv3d(x, w, b, 2, 1), [CUBE, normal(4, 6, 3, 2, 3), normal(4)]),
        (lambda F, x, w: F.conv3d(x, w, padding="same", dilation=(1, 2, 1), groups=2), [CUBE, normal(4, 3, 1, 3, 3)]),
        (lambda F, x, w: F.conv3d(x[0], w, stride=(1, 2, 3)), [CUBE, normal(4, 6, 2, 2, 2)]),
    ],
    "conv_transpose1d": [
        (lambda F, x, w, b: F.conv_transpose1d(x, w, b, 2, 1, 1), [LINE, normal(6, 4, 3), normal(4)]),
        (lambda F, x, w: F.conv_transpose1d(x[0], w, groups=2, dilation=3), [LINE, normal(6, 4, 2)]),
    ],
    "conv_transpose3d": [
        (lambda F, x, w, b: F.conv_transpose3d(x, w, b, 2, 1, 1), [CUBE, normal(6, 4, 3, 3, 3), normal(4)]),
        (lambda F, x, w: F.conv_transpose3d(x[0], w, stride=(1, 2, 2), groups=2), [CUBE, normal(6, 4, 2, 1, 2)]),
    ],
    "bilinear": [
        (lambda F, x, y, w: F.bilinear(x, y, w), [normal(5, 3), normal(5, 4), normal(2, 3, 4)]),
        (lambda F, x, y, w, b: F.bilinear(x, y, w, b), [normal(2, 5, 3), normal(2, 5, 4), normal(2, 3, 4), normal(2)]),
        (lambda F, x, y, w: F.bilinear(x, y, weight=w), [normal(3), normal(4), normal(2, 3, 4)]),
    ],
    "cosine_similarity": [
        (lambda F, x, y: F.cosine_similarity(x, y), [MAP, normal(2, 6, 9, 11, seed=1)]),
        (lambda F, x, y: F.cosine_similarity(x, y, dim=-1, eps=0.5), [MAP, normal(11)]),
        (lambda F, x, y: F.cosine_similarity(x, y, 1), [MAP, normal(2, 1, 9, 1)]),
        (lambda F, x: F.cosine_similarity(x, x * 0, 0), [X]),
    ],
    "rms_norm": [
        (lambda F, x: F.rms_norm(x, (4,)), [X]),
        (lambda F, x, w: F.rms_norm(x, [9, 11], w, 0.1), [MAP, normal(9, 11)]),
        (lambda F, x: F.rms_norm(x, x.shape[2:], eps=1e-3), [normal(2, 3, 4, dtype="float16")]),
    ],
    "local_response_norm": [
        (lambda F, x: F.local_response_norm(x, 2), [MAP]),
        (lambda F, x: F.local_response_norm(x, 5, 0.7, beta=0.5, k=2.0), [CUBE * 3]),
    ],
    "celu": in_place("celu", 0.7),
    "glu": [(lambda F, x: F.glu(x), [X]), (lambda F, x: F.glu(x, dim=1), [MAP])],
    "hardshrink": [(lambda F, x: F.hardshrink(x), [X]), (lambda F, x: F.hardshrink(x, 2.0), [X])],
    "logsigmoid": [(lambda F, x: F.logsigmoid(x), [X * 20])],
    "rrelu": [*in_place("rrelu"), *in_place("rrelu", 0.1, 0.5)],
    "selu": in_place("selu"),
    "softmin": [
        (lambda F, x: F.softmin(x, 1), [MAP]),
        (lambda F, x: F.softmin(x, dim=-1, dtype=dtypes(F, "float64")), [MAP]),
    ],
    "softshrink": [(lambda F, x: F.softshrink(x), [X]), (lambda F, x: F.softshrink(x, 2.0), [X])],
    "softsign": [(lambda F, x: F.softsign(x), [X])],
    "tanhshrink": [(lambda F, x: F.tanhshrink(x), [X])],
    "threshold": in_place("threshold", 0.3, -20.0),
    **{f"avg_pool{rank}d": average(rank) for rank in (1, 3)},
    **{f"max_pool{rank}d": largest(rank) for rank in (1, 3)},
    **adaptive(1),
    **adaptive(2),
    **adaptive(3),
    **{f"max_unpool{rank}d": unpool(rank) for rank in (1, 2, 3)},
    **{f"lp_pool{rank}d": powers(rank) for rank in (1, 2, 3)},
    "dropout1d": [*dropping("dropout1d", LINE), *dropping("dropout1d", LINE[0])],
    "dropout3d": [*dropping("dropout3d", CUBE), *dropping("dropout3d", CUBE[0])],
    "alpha_dropout": dropping("alpha_dropout", positive(3, 4)),
    "feature_alpha_dropout": dropping("feature_alpha_dropout", positive(2, 3, 4)),
}
