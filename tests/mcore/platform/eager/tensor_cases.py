"""Cases of functions of tensors besides those of layers, for ``test_functional``."""

from __future__ import annotations

import numpy as np

from tests.mcore.platform.eager.parity import Code, dtypes, normal, positive, whole

Cases = list[tuple[Code, list[np.ndarray]]]

X, MAP, PIXELS = normal(3, 4), normal(2, 6, 9, 11), normal(2, 8, 4, 6)
POSITIVE, WHOLE = positive(3, 4), whole(3, 4)
BROKEN = np.array([[np.nan, np.inf, 1.0], [-np.inf, -1.0, 0.0]], np.float32)
INDEX = np.array([[2, 0, 1, 3], [1, 0, 3, 2], [0, 1, 2, 3]])
SQUARE, LINE, ROWS = normal(5, 5), normal(7), np.array([2, 0])
BOXES = np.concatenate([positive(6, 2), positive(6, 2) + 1], 1)


def unary(name: str, *arrays: np.ndarray) -> Cases:
    return [(lambda F, x: getattr(F, name)(x), [a]) for a in arrays or (X,)]


def binary(name: str) -> Cases:
    function = name
    return [
        (lambda F, x, y: getattr(F, function)(x, y), [X, POSITIVE]),
        (lambda F, x, y: getattr(F, function)(x, y), [POSITIVE, POSITIVE[:, :1]]),
        (lambda F, x, y: getattr(F, function)(x, y), [WHOLE, POSITIVE]),
    ]


def arithmetic(name: str) -> Cases:
    return [
        *binary(name),
        (lambda F, x: getattr(F, name)(x, 2), [POSITIVE]),
        (lambda F, x: getattr(F, name)(x, 1.5), [WHOLE]),
        (lambda F, x: getattr(F, name)(x, 3), [WHOLE]),
    ]


CASES: dict[str, Cases] = {
    **{name: unary(name) for name in ("atan", "exp2", "expm1", "frac", "sign", "sinh", "cosh", "tan", "trunc")},
    **{name: unary(name, np.tanh(X)) for name in ("acos", "asin")},
    **{name: unary(name, POSITIVE, np.abs(WHOLE)) for name in ("log10", "log1p", "log2")},
    **{name: unary(name, BROKEN, WHOLE) for name in ("isnan", "isinf", "isfinite")},
    "nan_to_num": [
        (lambda F, x: F.nan_to_num(x), [BROKEN]),
        (lambda F, x: F.nan_to_num(x, 0.5, posinf=2.0, neginf=-3.0), [BROKEN]),
    ],
    **{name: binary(name) for name in ("fmax", "fmin", "fmod", "logical_xor")},
    **{name: binary(name)[:2] for name in ("atan2", "copysign", "hypot", "logaddexp")},
    "floor_divide": [*arithmetic("floor_divide"), (lambda F, x: x // 4, [WHOLE])],
    **{
        name: [
            (lambda F, x, y, name=name: getattr(F, name)(x, y), [WHOLE, np.abs(WHOLE)]),
            (lambda F, x, name=name: getattr(F, name)(x, 2), [WHOLE]),
        ]
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift")
    },
    "bitwise_not": unary("bitwise_not", WHOLE, WHOLE > 0),
    "addcmul": [(lambda F, x, y: (F.addcmul(x, y, y), F.addcmul(x, y, x, value=0.5)), [X, POSITIVE])],
    "addcdiv": [(lambda F, x, y: (F.addcdiv(x, x, y), F.addcdiv(x, y, y, value=-2)), [X, POSITIVE])],
    "lerp": [(lambda F, x, y: (F.lerp(x, y, 0.25), F.lerp(x, y, y)), [X, POSITIVE])],
    **{
        name: [
            (lambda F, x, name=name: getattr(F, name)(x), [X > 0]),
            (lambda F, x, name=name: getattr(F, name)(x, 1), [X > 0]),
            (lambda F, x, name=name: getattr(F, name)(x, dim=(0, 1), keepdim=True), [WHOLE]),
        ]
        for name in ("all", "any")
    },
    "count_nonzero": [
        (lambda F, x: (F.count_nonzero(x), F.count_nonzero(x, 1), F.count_nonzero(x, dim=(0, 1))), [WHOLE])
    ],
    **{name: [(lambda F, x, name=name: getattr(F, name)(x, 1), [X])] for name in ("cummax", "cummin")},
    "cumprod": [(lambda F, x: (F.cumprod(x, 1), F.cumprod(x, dim=0, dtype=dtypes(F, "float64"))), [X])],
    "logsumexp": [(lambda F, x: (F.logsumexp(x, 1), F.logsumexp(x, dim=(0, 1), keepdim=True)), [X])],
    "median": [
        (lambda F, x: (F.median(x), F.median(x, 1), F.median(x, dim=0, keepdim=True)), [X]),
        (lambda F, x: F.median(x, 1).indices, [X]),
    ],
    "prod": [
        (lambda F, x: (F.prod(x), F.prod(x, 1), F.prod(x, dim=0, keepdim=True)), [X]),
        (lambda F, x: F.prod(x, 1, dtype=dtypes(F, "float32")), [WHOLE]),
    ],
    "addmm": [
        (
            lambda F, c, a, b: (F.addmm(c, a, b), F.addmm(c, a, b, beta=0.5, alpha=2)),
            [SQUARE, normal(5, 3), normal(3, 5)],
        ),
        (lambda F, c, a: F.addmm(c, a, a, beta=0), [np.full((5, 5), np.nan, np.float32), SQUARE]),
        (lambda F, c: F.addmm(c, c, c, alpha=2), [whole(3, 3)]),
    ],
    "baddbmm": [(lambda F, c, a: F.baddbmm(c, a, a, beta=2), [normal(2, 3, 3), normal(2, 3, 3, seed=1)])],
    "mm": [(lambda F, x, y: F.mm(x, y), [X, normal(4, 5)])],
    "mv": [(lambda F, x, y: F.mv(x, y), [X, normal(4)])],
    "dot": [(lambda F, x: F.dot(x, x + 1), [LINE])],
    "outer": [(lambda F, x, y: F.outer(x, y), [LINE, normal(3)])],
    "tensordot": [
        (lambda F, x, y: F.tensordot(x, y), [normal(2, 3, 4), normal(3, 4, 5)]),
        (lambda F, x, y: F.tensordot(x, y, dims=([0, -1], [2, 1])), [normal(2, 3, 4), normal(3, 4, 2)]),
        (lambda F, x, y: F.tensordot(x, y, dims=0), [LINE, normal(3)]),
        (lambda F, x, y: F.tensordot(x, y, dims=([1, 2], [0, 1])), [normal(2, 1, 4), normal(3, 1)]),
    ],
    "cdist": [
        (lambda F, x, y: F.cdist(x, y), [normal(2, 5, 3), normal(2, 4, 3)]),
        (lambda F, x, y: F.cdist(x, y, p=1.0), [normal(5, 3), normal(4, 3)]),
    ],
    "affine_grid": [
        (lambda F, t: F.affine_grid(t, (2, 3, 4, 5), align_corners=False), [normal(2, 2, 3)]),
        (lambda F, t: F.affine_grid(t, [2, 1, 2, 3, 4], True), [normal(2, 3, 4)]),
    ],
    "grid_sample": [
        (lambda F, x, g: F.grid_sample(x, g, align_corners=False), [PIXELS, normal(2, 3, 5, 2)]),
        (lambda F, x, g: F.grid_sample(x, g, "nearest", "border", True), [PIXELS, normal(2, 3, 5, 2)]),
    ],
    "unfold": [
        (lambda F, x: F.unfold(x, 3), [MAP]),
        (lambda F, x: F.unfold(x, (2, 3), dilation=2, padding=1, stride=(1, 2)), [MAP]),
    ],
    "fold": [(lambda F, x: F.fold(x, (4, 5), kernel_size=2, padding=1, stride=1), [normal(2, 12, 30)])],
    "nms": [
        (lambda F, b, s: F.nms(b, s, 0.3), [BOXES, positive(6)]),
        (lambda F, b, s: F.nms(b, s, iou_threshold=0.5, max_output=3), [BOXES, positive(6)]),
    ],
    "diag": [(lambda F, x, y: (F.diag(x), F.diag(x, 1), F.diag(y), F.diag(y, -2)), [SQUARE, LINE])],
    "diagonal": [(lambda F, x: (F.diagonal(x), F.diagonal(x, 1, dim1=-2, dim2=-1)), [MAP])],
    **{
        name: [(lambda F, x, n=name: (getattr(F, n)(x), getattr(F, n)(x, diagonal=-1)), [MAP])]
        for name in ("tril", "triu")
    },
    "one_hot": [
        (lambda F, x: F.one_hot(x), [np.array([[2, 0], [1, 1]])]),
        (lambda F, x: F.one_hot(x, num_classes=5), [np.array([2, 0])]),
    ],
    "scatter": [
        (lambda F, x, i, y: F.scatter(x, 1, i, y), [X, INDEX, POSITIVE]),
        (lambda F, x, i: (F.scatter(x, 1, i[:, :2], 1.5), F.scatter(x, dim=0, index=i[:2] % 3, value=2)), [X, INDEX]),
    ],
    "scatter_add": [(lambda F, x, i, y: F.scatter_add(x, 1, i // 2, y), [X, INDEX, POSITIVE])],
    "scatter_reduce": [
        (lambda F, x, i, y: F.scatter_reduce(x, 1, i // 2, y, "prod"), [X, INDEX, POSITIVE]),
        (lambda F, x, i, y: F.scatter_reduce(x, 1, i // 2, y, reduce="amin", include_self=False), [X, INDEX, POSITIVE]),
    ],
    "index_put": [
        (lambda F, x, i, y: F.index_put(x, (i, i), y), [X, ROWS, normal(2)]),
        (lambda F, x, i, y: F.index_put(x, (i * 0,), y, accumulate=True), [X, ROWS, normal(2, 4)]),
        (lambda F, x, y: F.index_put(x, (x > 0,), y), [X, normal()]),
    ],
    "index_add": [
        (lambda F, x, i, y: (F.index_add(x, 0, i, y), F.index_add(x, 0, i, y, alpha=0.5)), [X, ROWS, normal(2, 4)])
    ],
    "index_copy": [(lambda F, x, i, y: F.index_copy(x, 1, i, y), [X, ROWS, normal(3, 2)])],
    "index_fill": [(lambda F, x, i: F.index_fill(x, -1, i, 2.5), [X, ROWS])],
    "select": [(lambda F, x: (F.select(x, 1, 2), F.select(x, dim=-1, index=-1)), [MAP])],
    "narrow": [(lambda F, x: (F.narrow(x, 1, 2, 3), F.narrow(x, -1, -3, 2)), [MAP])],
    "slice_scatter": [(lambda F, x: F.slice_scatter(x, x[:, :2], dim=1, start=1, end=3), [X])],
    "select_scatter": [(lambda F, x: (F.select_scatter(x, x[:, 0], 1, 2), F.select_scatter(x, x[:, 0], -1, -1)), [X])],
    "take": [(lambda F, x, i: F.take(x, i), [X, INDEX])],
    "take_along_dim": [
        (
            lambda F, x, i: (F.take_along_dim(x, i, 1), F.take_along_dim(x, i[:1], dim=1), F.take_along_dim(x, i)),
            [X, INDEX],
        ),
        (lambda F, x: (F.take_along_dim(x, x.argsort(1) - 4, 1), F.take_along_dim(x, x.argsort(0) - 3, -2)), [X]),
    ],
    "ravel": [(lambda F, x: F.ravel(x), [MAP])],
    **{
        name: [
            (lambda F, x, y, n=name: getattr(F, n)([x, y]), [X, POSITIVE]),
            (lambda F, x, n=name: getattr(F, n)((x, x)), [LINE]),
        ]
        for name in ("hstack", "vstack")
    },
    "split_with_sizes": [(lambda F, x: F.split_with_sizes(x, [1, 5], 1), [MAP])],
    "tensor_split": [
        (lambda F, x: (F.tensor_split(x, 4, dim=1), F.tensor_split(x, (1, 4), 1), F.tensor_split(x, 3)), [MAP]),
    ],
    "empty": [(lambda F: F.empty(2, 3).fill_(1), []), (lambda F: F.empty((2,), dtype=dtypes(F, "int8")).zero_(), [])],
    "empty_like": [(lambda F, x: F.empty_like(x).copy_(x), [X])],
    "eye": [(lambda F: (F.eye(3), F.eye(2, 4, dtype=dtypes(F, "int64"))), [])],
}
