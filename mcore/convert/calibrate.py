"""Weights that behave: drawn from the architecture's key, so that activations neither die nor explode.

A network as its constructor leaves it makes a comparison vacuous: last batch norms start at zero, layer scales at 1e-6, and
a wrong kernel goes unseen. Here convolutions and linear layers are scaled by their fan-in (He et al., 2015), scales are
U(0.5, 1.5), shifts N(0.5, 0.2), and the running statistics are those of a pass over noise, in which each layer normalises by
its batch and so hands settled values on. Variances that this pass saw too little of are drawn towards those of other channels.

Shifts about 0 would make deep networks chaotic: measured on ResNet-152, float32 is then off by 1.5e-4 of the peak, near any
device's limit. About 0.5 it is off by 2e-6, and one flipped kernel still changes the outputs by 1e-3 or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from mcore.convert.running import Size, generator, run, seeded_inputs
from mcore.sampling import Sampling

_BATCH = 4
#: Degrees of freedom from which on a variance is taken as it was seen: it is then off by a quarter of itself, sqrt(2 / 32).
_FREEDOM = 32
#: Means of this many deviations at most where a variance is not taken as it was seen.
_CONDITION = 4.0
#: Scales below it, such as a layer scale of 1e-6, hide all that they scale.
_TINY = 1e-2
#: Elements from which on a matrix is drawn the quicker way, and those that are drawn at a time, in the cache.
_LARGE, _BLOCK = 1 << 20, 1 << 16
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def calibrate(model: nn.Module, sampling: Sampling, key: str) -> tuple[int, int] | None:
    """Give ``model`` new weights in place: pass a copy.

    Every floating-point parameter is drawn anew from ``key`` and its own name, so the result does not depend on the state of
    any other generator.

    Returns:
        Height and width of the forward that it ran, ``None`` if it ran none.

    Raises:
        ModelFailed: its forward raised.
    """
    with torch.no_grad():
        for module, name, parameter in _drawn(model):
            _draw(parameter, module, name.rpartition(".")[2], generator(f"{key}/{name}"))
        return _settle(model, sampling, key)


def unread(model: nn.Module) -> list[nn.Parameter]:
    """Parameters of which :func:`calibrate` does not read what they hold before it draws them: a copy need not have it."""
    found = ((parameter, module, name.rpartition(".")[2]) for module, name, parameter in _drawn(model))
    return [parameter for parameter, module, last in found if _is_matrix(parameter, module, last)]


def _drawn(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    """Every floating-point parameter once, with its name and the first module that has it."""
    seen: set[int] = set()
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(prefix=path, recurse=False):
            if id(parameter) not in seen and parameter.is_floating_point():
                seen.add(id(parameter))
                yield module, name, parameter


def _is_matrix(parameter: Tensor, module: nn.Module, name: str) -> bool:
    """Whether it is what inputs are multiplied by, and no scale or shift."""
    known = isinstance(module, _ConvNd | nn.Linear) and name == "weight"
    return known or (
        parameter.dim() == 2 and name != "bias" and not isinstance(module, (*_NORMS, nn.PReLU, nn.Embedding))
    )


def _draw(parameter: Tensor, module: nn.Module, name: str, source: torch.Generator) -> None:
    if isinstance(module, _NORMS):
        _scale_or_shift(parameter, source, scale=name == "weight")
    elif isinstance(module, nn.PReLU):
        _uniform(parameter, 0.1, 0.4, source)
    elif isinstance(module, nn.Embedding):
        _normal(parameter, 1.0, source)
    elif name == "bias" or parameter.dim() == 0:
        _small(parameter, source, drawn_within=_bias_bound(module))
    elif _is_matrix(parameter, module, name):
        _normal(parameter, math.sqrt(2.0 / _fan_in(module, parameter)), source)
    else:
        _small(parameter, source)


def _fan_in(module: nn.Module, weight: Tensor) -> float:
    """How many products each output sums."""
    if isinstance(module, _ConvTransposeNd):
        # Each output meets one input in ``stride`` along each axis.
        return max(1.0, weight.shape[0] / module.groups * weight[0, 0].numel() / math.prod(module.stride))
    return max(1, weight[0].numel())


def _bias_bound(module: nn.Module) -> float:
    """The largest value that torch draws for the bias of a new layer; 0 where it draws none."""
    if not isinstance(module, _ConvNd | nn.Linear) or module.weight[0].numel() == 0:
        return 0.0
    return module.weight[0].numel() ** -0.5


def _small(parameter: Tensor, source: torch.Generator, *, drawn_within: float = 0.0) -> None:
    """A parameter of unknown use, by what its constructor put there: a constant says what it is for.

    A single element always looks like one. It is none within what torch draws, or its weights would follow from that draw.
    """
    first = float(parameter.flatten()[0]) if parameter.numel() else 0.0
    drawn = parameter.numel() == 1 and abs(first) <= drawn_within * (1 + 1e-6)
    if parameter.numel() == 0 or not bool((parameter == first).all()) or first == 0.0 or drawn:
        _normal(parameter, 0.2, source)
    elif abs(first) < _TINY:
        _uniform(parameter, 0.1, 0.5, source)
    else:
        _uniform(parameter, 0.5, 1.5, source)
        parameter.mul_(first)


def _scale_or_shift(parameter: Tensor, source: torch.Generator, *, scale: bool) -> None:
    if scale:
        _uniform(parameter, 0.5, 1.5, source)
    else:
        _normal(parameter, 0.2, source)
        parameter.add_(0.5)


def _uniform(parameter: Tensor, low: float, high: float, source: torch.Generator) -> None:
    _fill(parameter, lambda values: values.uniform_(generator=source).mul_(high - low).add_(low))


def _normal(parameter: Tensor, deviation: float, source: torch.Generator) -> None:
    if parameter.numel() >= _LARGE:
        _fill(parameter, lambda values: _quickly(values, deviation, source))
    else:
        _fill(parameter, lambda values: values.normal_(generator=source).mul_(deviation))


def _quickly(values: Tensor, deviation: float, source: torch.Generator) -> None:
    """Uniform numbers of that deviation about 0, from the seed of ``source``, three times as quick as normal ones.

    He et al. allow either: a sum of so many products is normal all the same. The bits are those of SFC64 (Doty-Humphrey,
    PractRand), whose stream NumPy keeps from version to version.
    """
    flat, bits = values.detach().view(-1).numpy(), np.random.SFC64(source.initial_seed())
    scale = np.float32(deviation * math.sqrt(3.0) / 2.0**31)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        drawn = bits.random_raw(-(-block.size // 2)).view(np.int32)[: block.size]
        np.multiply(drawn, scale, out=block, dtype=np.float32, casting="unsafe")


def _fill(parameter: Tensor, draw: Callable[[Tensor], object]) -> None:
    """Let ``draw`` write float32 numbers in the order of the elements: in place where that gives the same."""
    if parameter.dtype is torch.float32 and parameter.is_contiguous():
        draw(parameter)
        return
    values = torch.empty(parameter.shape)
    draw(values)
    parameter.copy_(values)


def _settle(model: nn.Module, sampling: Sampling, key: str) -> tuple[int, int] | None:
    """Running statistics from a pass over noise at the cheapest size; its height and width, ``None`` where none is needed."""
    layers = [m for m in model.modules() if isinstance(m, _NormBase) and m.running_mean is not None]
    if not layers:
        return None
    height, width = min(sampling.sizes, key=lambda size: size[0] * size[1])
    with _gathering(layers) as freedom:
        run(model, sampling, seeded_inputs(sampling, Size(_BATCH, height, width), f"{key}/calibration"))
    for layer in layers:
        mean, variance = layer.running_mean, layer.running_var
        assert mean is not None
        assert variance is not None
        _moderate(mean, variance, freedom[layer])
        # A channel that was silent on this noise would be blown up by any signal.
        variance.clamp_(min=0.05 * float(variance.mean()) + layer.eps)
        if layer.num_batches_tracked is not None:
            layer.num_batches_tracked.zero_()
    return height, width


def _moderate(mean: Tensor, variance: Tensor, freedom: int) -> None:
    """Mend variances, one for each channel, that few values tell, in place.

    Behind a global pooling each of the four images gives one value. Of hundreds of such variances some are next to nothing by
    chance, so they are drawn towards their mean over the channels: put at (d v + (D - d) mean) / D, with d the degrees of
    freedom and D those that suffice. That is the moderated variance of Smyth (2004, *Linear models and empirical Bayes
    methods for assessing differential expression in microarray experiments*); the prior counts as what is missing to D.

    And all are small where noise has about the same mean everywhere. Then the layer blows up the rounding of its input by
    |mean| / deviation, the condition number of Chan, Golub and LeVeque (1983, *Algorithms for computing the sample
    variance*), which is kept to what it is in layers that see more.
    """
    if 0 < freedom < _FREEDOM:
        known = freedom / _FREEDOM
        prior = (1 - known) * float(variance.mean())
        variance.mul_(known).add_(prior)
        torch.maximum(variance, (mean / _CONDITION).square(), out=variance)


@contextmanager
def _gathering(layers: list[_NormBase]) -> Iterator[Mapping[nn.Module, int]]:
    """Let just these layers normalise by their batch, and remember its statistics: of how many degrees of freedom each."""
    before = [(layer.momentum, layer.training) for layer in layers]
    freedom: dict[nn.Module, int] = dict.fromkeys(layers, 0)

    def count(layer: nn.Module, args: tuple[Tensor, ...], kwargs: Mapping[str, Tensor]) -> None:
        value, *_ = *args, *kwargs.values()
        freedom[layer] += value.numel() // value.shape[1] - 1

    hooks = [layer.register_forward_pre_hook(count, with_kwargs=True) for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum, layer.training = None, True
    try:
        yield freedom
    finally:
        for hook, layer, (momentum, training) in zip(hooks, layers, before, strict=True):
            hook.remove()
            layer.momentum, layer.training = momentum, training
