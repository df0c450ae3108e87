"""Normalisation layers, as in ``torch.nn``.

Batch: https://arxiv.org/abs/1502.03167; layer: https://arxiv.org/abs/1607.06450; group: https://arxiv.org/abs/1803.08494;
instance: https://arxiv.org/abs/1607.08022.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mcore.platform.eager import functional as F
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.tensor import Tensor


class _Tracked(Module):
    """Per-channel scale and shift, and running statistics."""

    ranks: ClassVar[tuple[int, ...]]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def _set(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        _scale_and_shift(self, (num_features,), affine, affine and bias)
        tracked = track_running_stats
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)) if tracked else None)
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.array(0)) if tracked else None)

    def _check(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            wanted = " or ".join(map(str, self.ranks))
            raise ValueError(f"{type(self).__name__} takes {wanted} dimensions, the input has shape {input.shape}")


class _BatchNorm(_Tracked):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._set(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        average = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.numpy()[...] += 1
            if self.momentum is None:  # cumulative average
                average = 1.0 / self.num_batches_tracked.item()
        by_batch = self.training or self.running_mean is None
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, by_batch, average, self.eps
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of ``(N, C)`` or ``(N, C, L)``."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of ``(N, C, H, W)``."""

    ranks = (4,)


class InstanceNorm2d(_Tracked):
    """Normalisation of each map of ``(N, C, H, W)`` by its own statistics, or running ones if they are tracked."""

    ranks = (3, 4)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._set(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        by_instance = self.training or not self.track_running_stats
        average = 0.0 if self.momentum is None else self.momentum
        batched = input if input.ndim == 4 else input[None]
        normal = F.instance_norm(
            batched, self.running_mean, self.running_var, self.weight, self.bias, by_instance, average, self.eps
        )
        return normal if input.ndim == 4 else normal[0]


class LayerNorm(Module):
    """Normalisation over the last dimensions, which have the shape ``normalized_shape``."""

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        _scale_and_shift(self, shape, elementwise_affine, elementwise_affine and bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class GroupNorm(Module):
    """Normalisation of the channels of ``(N, C, ...)`` in ``num_groups`` groups."""

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, bias: bool = True
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        _scale_and_shift(self, (num_channels,), affine, affine and bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


def _scale_and_shift(module: Module, shape: tuple[int, ...], weight: bool, bias: bool) -> None:
    module.register_parameter("weight", Parameter(np.ones(shape, np.float32)) if weight else None)
    module.register_parameter("bias", Parameter(np.zeros(shape, np.float32)) if bias else None)
