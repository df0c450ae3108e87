"""Normalisation layers, as in ``torch.nn``.

Batch: https://arxiv.org/abs/1502.03167; layer: https://arxiv.org/abs/1607.06450; group: https://arxiv.org/abs/1803.08494;
instance: https://arxiv.org/abs/1607.08022; root mean square: https://arxiv.org/abs/1910.07467; local response:
https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mcore.platform.eager import functional as F
from mcore.platform.eager.base_module import Module
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.skeleton import filled
from mcore.platform.eager.tensor import Tensor


class _Tracked(Layer):
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
        self.register_buffer("running_mean", Tensor(filled(num_features, 0.0)) if tracked else None)
        self.register_buffer("running_var", Tensor(filled(num_features, 1.0)) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.array(0)) if tracked else None)

    def extra_repr(self) -> str:
        """Features, and how they are normalised."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
        return text + f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"

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


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of ``(N, C, D, H, W)``."""

    ranks = (5,)


class _InstanceNorm(_Tracked):
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
        is_batched = input.ndim == self.ranks[1]
        normal = F.instance_norm(
            input if is_batched else input[None],
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            by_instance,
            average,
            self.eps,
        )
        return normal if is_batched else normal[0]


class InstanceNorm1d(_InstanceNorm):
    """Normalisation of each sequence of ``(N, C, L)`` by its own statistics, or running ones if they are tracked."""

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalisation of each map of ``(N, C, H, W)`` by its own statistics, or running ones if they are tracked."""

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalisation of each volume of ``(N, C, D, H, W)`` by its own statistics, or running ones if they are tracked."""

    ranks = (4, 5)


class LayerNorm(Layer):
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

    def extra_repr(self) -> str:
        """Shape, and how it is normalised."""
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return f"{text}, bias={self.bias is not None}"


class RMSNorm(Layer):
    """Division by the root mean square over the last dimensions, which have the shape ``normalized_shape``."""

    shown = "{0.normalized_shape}, eps={0.eps}, elementwise_affine={0.elementwise_affine}"
    weight: Parameter | None

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", Parameter(filled(shape, 1.0)) if elementwise_affine else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)


class LocalResponseNorm(Layer):
    """Division by a power of the mean square of ``size`` channels around each."""

    shown = "{0.size}, alpha={0.alpha}, beta={0.beta}, k={0.k}"

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


class GroupNorm(Layer):
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

    def extra_repr(self) -> str:
        """Groups and channels, and how they are normalised."""
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}"


def _scale_and_shift(module: Module, shape: tuple[int, ...], weight: bool, bias: bool) -> None:
    module.register_parameter("weight", Parameter(filled(shape, 1.0)) if weight else None)
    module.register_parameter("bias", Parameter(filled(shape, 0.0)) if bias else None)
