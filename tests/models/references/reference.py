"""Definitions elsewhere of networks that are here too, and how the two are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import nn

from mcore.pretrained.loading import renamed_key
from tests.models.torchvision_reference import torchvision

#: Pairs of a pattern and its replacement, as ``key_maps`` of a class has them; ``None`` drops a key.
KeyMap = Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A builder of torchvision or timm.

    Args:
        library: ``torchvision`` or ``timm``.
        name: of the builder.
        options: of the builder.
        ours: parameters of our constructor that go with them.
        key_map: from its keys to ours; by default they are equal, in the same order.
        sizes: ``(H, W)`` at which outputs are compared; none where the network is too large for a quick test.
        meta: it can be built without memory for its weights; else its builder computes with tensors.
        exact: outputs are equal bit by bit; else to float32 rounding, where sums are made in another order.
    """

    library: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    ours: Mapping[str, Any] = field(default_factory=dict)
    key_map: KeyMap | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    meta: bool = True
    exact: bool = True

    def build(self) -> nn.Module:
        """The network, on torch's current device."""
        package = torchvision()
        if self.library == "torchvision":
            builder: Callable[..., Any] = package.models.get_model_builder(self.name)
            network = builder(**self.options)
        else:
            network = import_module("timm").create_model(self.name, **self.options)
        network.eval()
        assert isinstance(network, nn.Module)
        return network

    def keys(self, theirs: Sequence[str]) -> dict[str, str]:
        """Their keys and ours for them."""
        found: dict[str, str] = {}
        for key in theirs:
            own = renamed_key(key, self.key_map or ())
            if own is not None:
                found[key] = own
        return found


def count(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(build: Callable[[], Any]) -> Any:
    """A network without memory for its weights."""
    with torch.device("meta"):
        return build()
