"""Edits that may change what a conversion makes of somebody: all of whom must be selected."""

from __future__ import annotations

from tests.farm.source.corpus.edit import Edit, add, but, delete, either, everything, kinds, put, rename, these, uses
from tests.farm.source.corpus.same import ATTENTION, CONV, EXCITED, FCN, RESIDUAL, RESNET, ROUNDING, UNET, VGG

HEADS, NETWORKS, NECKS = "models/heads/__init__.py", "models/networks/__init__.py", "models/necks/__init__.py"
MOBILE, SEGMENTATION = "models/backbones/mobilenetv2.py", "models/networks/segmentation.py"
SIZES, RESNETS = "models/utils/sizes.py", "models/networks/resnet.py"
FCNS = these("head:FCNHead", "network:FCNResNet50")

#: In definitions: what they say, and where the closure has to go to find it.
CODE = {
    "a method of a block": Edit(
        (put(RESIDUAL, "y = self.act2(self.bn2(self.conv2(y)))", "y = self.act2(self.conv2(y))"),),
        uses("models.basicblocks.residual.Bottleneck"),
    ),
    "a method of another block in the same file": Edit(
        (put(RESIDUAL, "return self.act2(y + self.downsample(x))", "return self.act2(self.downsample(x) + y)"),),
        uses("models.basicblocks.residual.BasicBlock"),
    ),
    "a class attribute": Edit(
        (put(RESIDUAL, "expansion: ClassVar[int] = 4", "expansion: ClassVar[int] = 2"),),
        uses("models.basicblocks.residual.Bottleneck"),
    ),
    "a default of a constructor": Edit((put(FCN, "num_classes: int = 21", "num_classes: int = 22"),), FCNS),
    "a default of a helper": Edit(
        (put(ROUNDING, "divisor: int = 8", "divisor: int = 4"),), uses("models.utils.rounding:make_divisible")
    ),
    "a constant": Edit(
        (put(MOBILE, "(6, 96, 3, 1)", "(6, 96, 4, 1)"),), uses("models.backbones.mobilenetv2.MobileNetV2")
    ),
    "a constant that a comprehension and a loop read": Edit(
        (put(VGG, "WIDTHS = (64,", "WIDTHS = (32,"),), uses("models.backbones.vgg:VGG.__init__")
    ),
    "a base class more": Edit(
        (
            put(UNET, "class UNet(Network)", "class UNet(Network, Sequential)"),
            put(UNET, "import Module, ModuleList", "import Module, ModuleList, Sequential"),
        ),
        these("network:UNet"),
    ),
    "another base class": Edit(
        (put(SEGMENTATION, "class UNetResNet34(PixelwiseNetwork)", "class UNetResNet34(FCNResNet50)"),),
        these("network:UNetResNet34"),
    ),
    "a method of a base class of all blocks": Edit(
        (put("models/basicblocks/base.py", "minimum=2", "minimum=3"),),
        uses("models.basicblocks.base:Block.sampling"),
        over=but(
            either(uses("models.basicblocks.base.Block"), uses("models.basicblocks.conv:ConvNormAct.__init__")),
            uses("models.basicblocks.base:Block.sampling"),
        ),
    ),
    "a decorator": Edit(
        (
            put(UNET, "    @property\n    def sampling", "    @cached_property\n    def sampling"),
            put(UNET, "from itertools", "from functools import cached_property\nfrom itertools"),
        ),
        these("network:UNet"),
    ),
    "a metaclass": Edit(
        (
            put(
                "models/utils/pretrained.py",
                "        if pretrained and",
                "        made.eval()\n        if pretrained and",
            ),
        ),
        uses("models.utils.pretrained:Pretrained.__call__"),
    ),
    "a function in a constructor": Edit(
        (
            put(
                RESIDUAL,
                "if stride == 1 and in_channels == out_channels",
                "if in_channels == out_channels and stride == 1",
            ),
        ),
        uses("models.basicblocks.residual:shortcut"),
    ),
    "a helper three levels down": Edit(
        (put(ROUNDING, "0.9 * value", "0.8 * value"),), uses("models.utils.rounding:make_divisible")
    ),
    "a generator of steps": Edit(
        (put(RESNET, "    dilation = 1\n    yield 1, 1, 1", "    dilation = 2\n    yield 1, 1, 1"),),
        uses("models.backbones.resnet:_steps"),
    ),
    "a comprehension": Edit(
        (
            put(
                "models/basicblocks/stochastic_depth.py",
                "for i in range(sum(depths))]",
                "for i in range(1 + sum(depths))]",
            ),
        ),
        uses("models.basicblocks.stochastic_depth:rising_shares"),
    ),
    "a lambda in place of a class": Edit(
        (put("models/heads/classification.py", '"avg": _Average,', '"avg": lambda: _Maximum(),'),),
        uses("models.heads.classification.ClassificationHead"),
    ),
    "a key of a registry": Edit(
        (put("models/heads/classification.py", '"gem": _Gen', '"mean": _Gen'),),
        uses("models.heads.classification.ClassificationHead"),
    ),
    "a name of a part": Edit(
        (put(RESNETS, '{"backbone": "ResNet50", "head": "Cl', '{"backbone": "ResNet50", "head": "cl'),),
        these("network:resnet50"),
    ),
    "a pattern of checkpoint keys": Edit(
        (put(SEGMENTATION, 'r"^aux_classifier\\.", None', 'r"^aux_classifier\\.", ""'),), these("network:FCNResNet50")
    ),
    "a string that says a mode": Edit(
        (put("models/necks/fpn.py", 'mode: str = "bilinear"', 'mode: str = "nearest"'),), uses("models.necks.fpn.FPN")
    ),
    "the name of a layer": Edit((rename(CONV, "self.bn", "self.norm"),), uses("models.basicblocks.conv.ConvBnAct")),
    "an operator": Edit(
        (put(ATTENTION, "return x * weights", "return x + weights"),),
        uses("models.attention.squeeze_excitation.SqueezeExcitation"),
        over=but(EXCITED, uses("models.attention.squeeze_excitation.SqueezeExcitation")),
    ),
    "the arithmetic of windows": Edit(
        (put("models/basicblocks/windows.py", "down * (2 * window - 1) + right", "down * (2 * window + 1) + right"),),
        uses("models.basicblocks.windows:relative_positions"),
    ),
    "an order of two statements": Edit(
        (
            put(
                RESIDUAL,
                "        self.act1 = act()\n        self.conv2 = Conv2d(out_channels, out_channels, 3, 1, dilation, dilation, bias=False)\n",
                "        self.conv2 = Conv2d(out_channels, out_channels, 3, 1, dilation, dilation, bias=False)\n        self.act1 = act()\n",
            ),
        ),
        uses("models.basicblocks.residual.BasicBlock"),
    ),
    "sizes of samples": Edit(
        (put(SIZES, "(160, 160), (128, 192)", "(160, 160), (96, 192)"),),
        uses("models.networks.detector:Detector.sampling"),
        over=these("network:CenterNet", "network:SSD300", "network:YOLOXSmall"),
    ),
    "a layer of the Platform": Edit(
        (
            put(
                "mcore/platform/eager/layers/convolution.py",
                "class ConvTranspose2d(_Transposed):",
                "class ConvTranspose2d(_Transposed):\n    extra = 1\n",
            ),
        ),
        uses("torch.nn.modules.conv.ConvTranspose2d"),
        over=these("head:UNetDecoder", "head:UNetPlusPlusDecoder", "network:UNetPlusPlus", "network:UNetResNet34"),
    ),
    "a constant of mcore": Edit(
        (put("mcore/sampling.py", "((224, 224), (128, 192), (97, 129))", "((224, 224), (128, 160), (97, 129))"),),
        everything,
    ),
    "a container": Edit(
        (
            put(
                "mcore/torch_backend/module.py",
                "class Sequential(Module, nn.Sequential):",
                "class Sequential(Module, nn.Sequential):\n    extra = 1\n",
            ),
        ),
        uses("mcore.torch_backend.module.Sequential"),
        over=these("block:BasicBlock", "block:Bottleneck", "block:Res2Bottleneck", "block:SplitAttentionBottleneck"),
    ),
    "where a backend is, by a string": Edit(
        (put("mcore/backend.py", '"mcore.torch_backend",', '"mcore.torch_backend2",'),), everything
    ),
    "a threshold of the converter": Edit(
        (put("mcore/convert/sensitivity.py", "BLIND = 1e-3", "BLIND = 2e-3"),), everything
    ),
    "a shape rule": Edit(
        (
            put(
                "mcore/platform/ops/convolution.py",
                "(x.shape[0], weight.shape[0], *sizes)",
                "(1, weight.shape[0], *sizes)",
            ),
        ),
        everything,
    ),
    "a YAML file": Edit(
        (put("models/backbones/mobilenetv2.yaml", "[1, 2]", "[1, 3]"),),
        uses("models.backbones.mobilenetv2.MobileNetV2"),
        before=(
            put(
                MOBILE,
                "        super().__init__()\n",
                '        super().__init__()\n        self.table = open("models/backbones/mobilenetv2.yaml").read()\n',
            ),
            add("models/backbones/mobilenetv2.yaml", "widths: [1, 2]\n"),
        ),
    ),
}

#: Of what names mean, of which names there are, and of files.
NAMES = {
    "what a re-exported name means": Edit(
        (
            put("models/functional/__init__.py", "global_maximum\n", "global_average as global_maximum\n"),
            put(
                "models/functional/__init__.py",
                "generalized_mean, global_average, global",
                "generalized_mean, global_average\nfrom models.functional.pooling import global",
            ),
        ),
        uses("models.heads.classification.ClassificationHead"),
    ),
    "which layer an alias means": Edit(
        (
            put(
                UNET,
                "from models import BatchNorm2d, Conv2d, MaxPool2d, ReLU",
                "from models import AvgPool2d as MaxPool2d\nfrom models import BatchNorm2d, Conv2d, ReLU",
            ),
        ),
        these("network:UNet"),
    ),
    "an import in both branches of a condition": Edit(
        (
            put(
                FCN,
                "from models.basicblocks import ConvNormAct",
                "import os\n\nif os.environ.get('X'):\n    from models.basicblocks import ConvBnAct as ConvNormAct\nelse:\n    from models.basicblocks import ConvNormAct",
            ),
        ),
        FCNS,
    ),
    "the branch that is not taken": Edit(
        (put(CONV, "self.bn = norm(out_channels)", "self.bn = norm(out_channels + 0)"),),
        either(uses("models.basicblocks.conv.ConvBnAct"), FCNS),
        before=(
            put(
                FCN,
                "from models.basicblocks import ConvNormAct",
                "import os\n\nif os.environ.get('X'):\n    from models.basicblocks import ConvBnAct as ConvNormAct\nelse:\n    from models.basicblocks import ConvNormAct",
            ),
        ),
    ),
    "a name in __all__ more": Edit(
        (
            put(HEADS, '    "FCNHead",\n', '    "FCNHead",\n    "Towers",\n'),
            put(HEADS, "import FCNHead\n", "import FCNHead\nfrom models.heads.base import Head as Towers\n"),
        ),
        new=frozenset({"head:Towers"}),
    ),
    "a name in __all__ less": Edit((put(HEADS, '    "FCNHead",\n', ""),), gone=frozenset({"head:FCNHead"})),
    "__all__ by +=": Edit(
        (
            put(
                NETWORKS,
                "__all__ = [",
                "from models.networks import resnet as _resnet\n\n__all__ = [*()]\n__all__ += [",
            ),
            put(NETWORKS, '    "resnet18",\n', ""),
        ),
        gone=frozenset({"network:resnet18"}),
    ),
    "a new network": Edit(
        (
            add(
                "models/networks/tiny.py",
                "from models.networks.unet import UNet\n\n\nclass TinyUNet(UNet):\n    pass\n",
            ),
            put(NETWORKS, '    "UNet",\n', '    "UNet",\n    "TinyUNet",\n'),
            put(NETWORKS, "import UNet\n", "import UNet\nfrom models.networks.tiny import TinyUNet\n"),
        ),
        new=frozenset({"network:TinyUNet"}),
    ),
    "another name for a network": Edit(
        (rename(NETWORKS, "UNet", "UNet2015"), rename(UNET, "UNet", "UNet2015")),
        new=frozenset({"network:UNet2015"}),
        gone=frozenset({"network:UNet"}),
    ),
    # All networks are imported by the package that has them; so are all heads, and with them the necks.
    "a deleted file": Edit(
        (delete(FCN),), but(kinds("network", "head"), these("head:FCNHead")), gone=frozenset({"head:FCNHead"})
    ),
    "a deleted file that nothing else imports": Edit(
        (delete(UNET),), but(kinds("network"), these("network:UNet")), gone=frozenset({"network:UNet"})
    ),
    "a syntax error in a network": Edit(
        (put(UNET, "class UNet(Network):", "class UNet(Network:"),),
        but(kinds("network"), these("network:UNet")),
        gone=frozenset({"network:UNet"}),
    ),
    "a syntax error in a neck": Edit(
        (put("models/necks/fpn.py", "class FPN(Neck):", "class FPN(Neck:"),),
        but(kinds("network", "neck", "head"), these("neck:FPN", "neck:RetinaNetFPN")),
        gone=frozenset({"neck:FPN", "neck:RetinaNetFPN"}),
    ),
    "a class that is renamed, but not where it is imported": Edit(
        (put(FCN, "class FCNHead(Head)", "class FCN(Head)"),),
        but(kinds("network", "head"), these("head:FCNHead")),
        gone=frozenset({"head:FCNHead"}),
    ),
    "a statement with effects in a package": Edit(
        (add(NECKS, "\nimport torch\n\ntorch.manual_seed(1)\n"),), kinds("network", "neck", "head")
    ),
    "a method that is patched from another file": Edit(
        (
            add(
                "models/attention/__init__.py",
                "\nfrom models.attention.squeeze_excitation import SqueezeExcitation as _SE\n\n_SE.forward = lambda self, x: x\n",
            ),
        ),
        uses("models.attention.squeeze_excitation.SqueezeExcitation"),
        over=but(EXCITED, uses("models.attention.squeeze_excitation.SqueezeExcitation")),
    ),
}
