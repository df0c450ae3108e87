"""RepVGG: a plain stack of 3x3 convolutions in use, which is trained with 1x1 and identity branches beside each.

Paper: RepVGG: Making VGG-style ConvNets Great Again (Ding et al., 2021), https://arxiv.org/abs/2101.03697
Parameter names are timm's. The branches can only be made one convolution over batch normalization, so that is no parameter.
"""

from collections.abc import Sequence
from typing import Self

from mcore.module import Module, ModuleList, Sequential
from mcore.platform.eager.constructor import rebuild
from mcore.tensor import Tensor, no_grad
from models import ReLU
from models.backbones.base import Backbone
from models.basicblocks import RepVGGBlock


class RepVGG(Backbone):
    """The features are the stem's map and each stage's.

    Args:
        depths: blocks in each of the four stages.
        widths: channels of each stage; the stem has those of the first one, up to 64.
        in_channels: of the image.
        deployed: the form that is used, of single convolutions; see :meth:`deploy`.
        act: class, called without arguments.

    Raises:
        ValueError: depths and widths are not of four stages.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        widths: Sequence[int],
        in_channels: int = 3,
        deployed: bool = False,
        act: type[Module] = ReLU,
    ) -> None:
        if not len(depths) == len(widths) == 4:
            raise ValueError(
                f"{type(self).__name__}: depths and widths are of four stages, got {tuple(depths)} and {tuple(widths)}"
            )
        super().__init__()
        self.in_channels = in_channels
        self.channels = (min(64, widths[0]), *widths)
        self.strides = (2, 4, 8, 16, 32)

        def block(before: int, after: int, stride: int) -> RepVGGBlock:
            return RepVGGBlock(in_channels=before, out_channels=after, stride=stride, deployed=deployed, act=act)

        self.stem = block(in_channels, self.channels[0], 2)
        self.stages = ModuleList(
            [
                Sequential(block(before, after, 2), *(block(after, after, 1) for _ in range(depth - 1)))
                for before, after, depth in zip(self.channels, widths, depths, strict=False)
            ]
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, channels[0], H/2, W/2)
        maps = [x]
        for stage in self.stages:
            x = stage(x)
            maps.append(x)  # (N, channels[i], H/strides[i], W/strides[i])
        return maps

    def deploy(self) -> Self:
        """A new network of single convolutions that computes what this one does in evaluation, with its weights.

        Raises:
            ValueError: it is deployed already.
        """
        constructor = self.constructor
        parameters = {**constructor["parameters"], "deployed": True}
        made = rebuild({**constructor, "parameters": parameters})
        state, own = dict(made.state_dict()), self.state_dict()
        state.update((key, own[key]) for key in state if key in own)
        with no_grad():
            for name, module in self.named_modules():
                if isinstance(module, RepVGGBlock):
                    state[f"{name}.reparam_conv.weight"], state[f"{name}.reparam_conv.bias"] = module.fused()
        made.load_state_dict(state)
        return made.train(self.training)


class RepVGGA0(RepVGG):
    """A0: stages of (2, 4, 14, 1) blocks, the last one widest; parameters as for :class:`RepVGG`."""

    def __init__(self, *, in_channels: int = 3, deployed: bool = False, act: type[Module] = ReLU) -> None:
        super().__init__(
            depths=(2, 4, 14, 1), widths=(48, 96, 192, 1280), in_channels=in_channels, deployed=deployed, act=act
        )
