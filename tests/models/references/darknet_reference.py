"""YOLOv3 and YOLOv4 as Darknet's configuration files write them, layer by layer, for comparison with the networks here.

Redmon and Farhadi (2018) and Bochkovskiy et al. (2020) publish their networks as such files: each layer takes the one before
it, ``route`` concatenates the layers at the given places, ``shortcut`` adds one, and a place below zero counts from here.
Weights come in the order of the convolutions, as in Darknet's own weight files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Layer = tuple[str, Any, Any, Any]
#: Weight of a convolution, and its bias or the batch normalization that follows it.
Unit = tuple[Tensor, Any]


def conv(size: int, act: str = "leaky", stride: int = 1) -> list[Layer]:
    return [("conv", size, stride, act)]


def route(*places: int) -> list[Layer]:
    return [("route", places, None, None)]


def residuals(count: int, act: str) -> list[Layer]:
    return [*conv(1, act), *conv(3, act), ("shortcut", -3, None, None)] * count


def alternating(count: int) -> list[Layer]:
    return [layer for i in range(count) for layer in conv(3 if i % 2 else 1)]


UP: list[Layer] = [("upsample", None, None, None)]
PREDICT = [*conv(3), *conv(1, "linear"), ("yolo", None, None, None)]
DEPTHS = (1, 2, 8, 8, 4)


def yolov3() -> list[Layer]:
    layers = conv(3)
    for depth in DEPTHS:
        layers += [*conv(3, stride=2), *residuals(depth, "leaky")]
    for place in (61, 36):
        layers += [*alternating(5), *PREDICT, *route(-4), *conv(1), *UP, *route(-1, place)]
    return [*layers, *alternating(5), *PREDICT]


def yolov4() -> list[Layer]:
    layers = conv(3, "mish")
    for depth in DEPTHS:
        layers += [*conv(3, "mish", 2), *conv(1, "mish"), *route(-2), *conv(1, "mish"), *residuals(depth, "mish")]
        layers += [*conv(1, "mish"), *route(-1, -(3 * depth + 4)), *conv(1, "mish")]
    layers += alternating(3)
    for size, back in ((5, -2), (9, -4)):
        layers += [("maxpool", size, None, None), *route(back)]
    layers += [("maxpool", 13, None, None), *route(-1, -3, -5, -6), *alternating(3)]
    for place in (85, 54):
        layers += [*conv(1), *UP, *route(place), *conv(1), *route(-1, -3), *alternating(5)]
    layers += PREDICT
    for back in (-16, -37):
        layers += [*route(-4), *conv(3, stride=2), *route(-1, back), *alternating(5), *PREDICT]
    return layers


def run(layers: Sequence[Layer], units: Iterator[Unit], x: Tensor) -> list[Tensor]:
    """The predictions, in the file's order; every unit is used."""
    outputs: list[Tensor] = []
    predictions = []
    for kind, what, stride, act in layers:
        if kind == "conv":
            x = _activated(_convolved(x, next(units), what, stride), act)
        elif kind == "shortcut":
            x = x + outputs[what]
        elif kind == "route":
            x = torch.cat([outputs[place] for place in what], dim=1)
        elif kind == "upsample":
            x = F.interpolate(x, scale_factor=2.0)
        elif kind == "maxpool":
            x = F.max_pool2d(x, what, 1, what // 2)
        else:
            predictions.append(x)
        outputs.append(x)
    assert next(units, None) is None
    return predictions


def _convolved(x: Tensor, unit: Unit, size: int, stride: int) -> Tensor:
    weight, after = unit
    assert weight.shape[2:] == (size, size)
    if isinstance(after, Tensor):
        return F.conv2d(x, weight, after, stride, size // 2)
    x = F.conv2d(x, weight, None, stride, size // 2)
    return F.batch_norm(x, *after, training=False)


def _activated(x: Tensor, act: str) -> Tensor:
    return {"leaky": lambda: F.leaky_relu(x, 0.1), "mish": lambda: F.mish(x), "linear": lambda: x}[act]()


def units(*modules: Any) -> Iterator[Unit]:
    """What the convolutions of modules of ours compute, in their order."""
    for module in modules:
        layers = [m for m in module.modules() if not list(m.children())]
        for position, layer in enumerate(layers):
            if isinstance(layer, torch.nn.Conv2d):
                norm = layers[position + 1] if layer.bias is None else None
                yield layer.weight, layer.bias if norm is None else normalization(norm)


def normalization(norm: Any, part: slice = slice(None)) -> tuple[Tensor, ...]:
    """Mean, variance, scale and shift, of some of the channels."""
    return tuple(values[part] for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
