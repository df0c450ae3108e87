"""A copy of a model in float64: what rounding in float32 is measured against."""

from __future__ import annotations

import copy
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Elements from which on the weight of a linear layer is widened in parts, and those of a part, which stays in the cache. In
#: one piece, the weights of VGG-16 take a gigabyte, and ten times as long to be written and read again as to be multiplied.
LARGE = 1 << 22
_PART = 1 << 19


def widened(model: nn.Module) -> nn.Module:
    """A copy of ``model``, which is in evaluation mode, in float64; its floating-point state is not copied in float32 first.

    A linear layer with a large weight shares it with ``model``, and widens it while it runs.
    """
    large = [module for module in model.modules() if _is_large(module)]
    memo: dict[int, Any] = {id(layer): _WideLinear(layer) for layer in large}
    shared = {id(layer.weight) for layer in large}
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point() and type(tensor) in (Tensor, nn.Parameter) and id(tensor) not in shared:
            wide = tensor.detach().double()
            memo[id(tensor)] = nn.Parameter(wide, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else wide
    return copy.deepcopy(model, memo).double()


def _is_large(module: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether it is a plain linear layer, about which nothing is special but the size of its weight."""
    return (
        type(module) is nn.Linear
        and module.weight.numel() >= LARGE
        and module.weight.dtype is torch.float32
        and "forward" not in vars(module)
        and not (module._forward_hooks or module._forward_pre_hooks)
    )


class _WideLinear(nn.Linear):
    """A linear layer in float64 whose weight is kept in float32; whoever asks for it gets it in float64."""

    def __init__(self, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.training = layer.training
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self._narrow = (layer.weight.detach(),)  # in a tuple, so that it is none of the parameters, which are made wide
        bias = layer.bias
        self.register_parameter(
            "bias", None if bias is None else nn.Parameter(bias.detach().double(), bias.requires_grad)
        )

    def __getattr__(self, name: str) -> Any:
        return self._narrow[0].double() if name == "weight" else super().__getattr__(name)

    def forward(self, x: Tensor) -> Tensor:
        rows = max(1, _PART // self.in_features)
        memory = torch.empty(
            rows, self.in_features, dtype=torch.float64
        )  # one for all parts, so that it stays in the cache
        products = [F.linear(x, memory[: len(part)].copy_(part)) for part in self._narrow[0].split(rows)]
        product = torch.cat(products, -1)
        return product if self.bias is None else product + self.bias
