"""Images sampled at any position."""

from __future__ import annotations

import numpy as np

from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import Value, writes
from mcore.platform.ops.grid import affine_grid
from mcore.platform.ops.rules import Shape

_MODES = {"bilinear": "linear", "nearest": "nearest", "bicubic": "cubic"}


@writes("grid_sample")
def _grid_sample(e: Emitter, x: Value, grid: Value, *, mode: str, padding_mode: str, align_corners: bool | None) -> str:
    corners = int(bool(align_corners))
    return e("GridSample", x, grid, mode=_MODES[mode], padding_mode=padding_mode, align_corners=corners)


@writes("affine_grid")
def _affine_grid(e: Emitter, theta: Value, *, size: Shape, align_corners: bool | None) -> str:
    """The positions of the identity map, a constant, times the map: only their size must be known."""
    spatial = [e.known(s) for s in size[2:]]
    axes = len(spatial)
    identity = np.eye(axes, axes + 1, dtype=theta.dtype.numpy)[None]
    base = affine_grid(identity, size=(1, 1, *spatial), align_corners=align_corners).reshape(-1, axes)
    rows = e.const(np.concatenate([base, np.ones((len(base), 1), base.dtype)], 1).astype(theta.dtype.numpy))
    return e.reshape(e("MatMul", rows, e.transpose(theta, [0, 2, 1])), e.out[0].shape)
