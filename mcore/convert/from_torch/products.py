"""Products of tensors that are one matrix product after a change of shape, and distances made of them."""

from __future__ import annotations

from typing import Any

from torch.nn import functional as F

from mcore.convert.from_torch.norms import norm
from mcore.convert.from_torch.table import maps
from mcore.convert.recorder import Recorder, Value
from mcore.platform.ops.rules import product


@maps("dot", "vdot")
def dot(recorder: Recorder, input: Value, other: Value) -> Value:
    return recorder.emit("matmul", [input, other])


@maps("inner")
def inner(recorder: Recorder, input: Value, other: Value) -> Value:
    if not input.rank or not other.rank:
        return recorder.emit("mul", [input, other])
    return _contracted(recorder, input, other, (input.rank - 1,), (other.rank - 1,))


@maps("outer", "ger")
def outer(recorder: Recorder, input: Value, vec2: Value) -> Value:
    return recorder.emit("mul", [recorder.emit("unsqueeze", [input], dim=1), vec2])


@maps("tensordot")
def tensordot(recorder: Recorder, a: Value, b: Value, dims: Any = 2) -> Value:
    left, right = (range(a.rank - dims, a.rank), range(dims)) if isinstance(dims, int) else dims
    return _contracted(recorder, a, b, tuple(d % a.rank for d in left), tuple(d % b.rank for d in right))


def _contracted(recorder: Recorder, a: Value, b: Value, left: tuple[int, ...], right: tuple[int, ...]) -> Value:
    """The sum of products over the dimensions ``left`` of ``a`` and ``right`` of ``b``; one of size one is summed first."""
    for d, e in zip(left, right, strict=True):
        if a.type.shape[d] == 1 != b.type.shape[e]:
            b = recorder.emit("sum", [b], dim=(e,), keepdim=True)
        elif b.type.shape[e] == 1 != a.type.shape[d]:
            a = recorder.emit("sum", [a], dim=(d,), keepdim=True)
    own_a = tuple(d for d in range(a.rank) if d not in left)
    own_b = tuple(d for d in range(b.rank) if d not in right)
    shape_a, shape_b = a.type.shape, b.type.shape
    rows, columns = tuple(shape_a[d] for d in own_a), tuple(shape_b[d] for d in own_b)
    shared = product(shape_a[d] for d in left)
    one = recorder.emit("reshape", [recorder.emit("permute", [a], dims=(*own_a, *left))], shape=(product(rows), shared))
    other = recorder.emit(
        "reshape", [recorder.emit("permute", [b], dims=(*right, *own_b))], shape=(shared, product(columns))
    )
    return recorder.emit("reshape", [recorder.emit("matmul", [one, other])], shape=(*rows, *columns))


@maps("addmv")
def addmv(recorder: Recorder, input: Value, mat: Value, vec: Value, *, beta: float = 1, alpha: float = 1) -> Value:
    if not input.type.dtype.is_floating:  # torch drops the fractions of the factors
        beta, alpha = int(beta), int(alpha)
    result = recorder.emit("matmul", [mat, vec])
    if alpha != 1:
        result = recorder.emit("mul", [result], other=alpha)
    if beta == 0:
        return result
    return recorder.emit("add", [input if beta == 1 else recorder.emit("mul", [input], other=beta), result])


@maps("cdist")
def cdist(
    recorder: Recorder,
    x1: Value,
    x2: Value,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Value:
    """All differences at once, without the matrix product that torch takes for many points."""
    rows, columns = recorder.emit("unsqueeze", [x1], dim=-2), recorder.emit("unsqueeze", [x2], dim=-3)
    return norm(recorder, recorder.emit("sub", [rows, columns]), p, -1)


@maps(F.pairwise_distance)
def pairwise_distance(
    recorder: Recorder, x1: Value, x2: Value, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Value:
    apart = recorder.emit("add", [recorder.emit("sub", [x1, x2])], other=eps)
    return norm(recorder, apart, p, -1, keepdim)
