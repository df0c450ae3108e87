"""Edits after which everything means what it did; what they select all the same is too much, and counted."""

from __future__ import annotations

from tests.farm.source.corpus.edit import Edit, add, cut, either, move, put, rename, these, uses

RESIDUAL, CONV = "models/basicblocks/residual.py", "models/basicblocks/conv.py"
RESNET, UNET, FCN = "models/backbones/resnet.py", "models/networks/unet.py", "models/heads/fcn.py"
ROUNDING, ATTENTION = "models/utils/rounding.py", "models/attention/squeeze_excitation.py"
VGG = "models/backbones/vgg.py"
#: The two RegNets without attention are of the class that has it for the others.
EXCITED = either(
    uses("models.attention.squeeze_excitation.SqueezeExcitation"),
    these("backbone:RegNetX400MF", "network:regnet_x_400mf"),
)

UNSEEN = {
    "a comment in a block": Edit(
        (put(RESIDUAL, "        self.act3 = act()\n", "        # The last.\n        self.act3 = act()\n"),)
    ),
    "a comment at the end of a line": Edit(
        (put(RESNET, "self.maxpool = MaxPool2d(3, 2, 1)", "self.maxpool = MaxPool2d(3, 2, 1)  # x"),)
    ),
    "the docstring of a class": Edit(
        (put(RESIDUAL, '"""Two 3x3 convolutions with a shortcut.', '"""Two convolutions with a shortcut.'),)
    ),
    "a docstring that is gone": Edit(
        (
            put(
                "models/functional/pooling.py",
                '    """Largest value of each channel over all places: ``(N, C, H, W)`` to ``(N, C)``."""\n',
                "",
            ),
        )
    ),
    "the docstring of a module": Edit((put(UNET, '"""U-Net: a contracting', '"""U-Net. A contracting'),)),
    "line breaks": Edit(
        (
            put(
                RESIDUAL,
                "self.conv1 = Conv2d(in_channels, width, 1, bias=False)",
                "self.conv1 = Conv2d(\n            in_channels,\n            width,\n            1,\n            bias=False,\n        )",
            ),
        )
    ),
    "blank lines": Edit((put(FCN, "\n\nclass FCNHead", "\n\n\n\n\nclass FCNHead"),)),
    "quotes": Edit((put(FCN, 'task = "segmentation"', "task = 'segmentation'"),)),
    "parentheses": Edit((put(ATTENTION, "return x * weights", "return (x * weights)"),)),
    "the form of a number": Edit((put(FCN, "dropout: float = 0.1", "dropout: float = 1e-1"),)),
    "a function above": Edit(
        (
            put(
                ROUNDING,
                "def make_divisible",
                "def halved(value: float) -> float:\n    return value / 2\n\n\ndef make_divisible",
            ),
        )
    ),
    "a class above": Edit(
        (put(RESIDUAL, "class BasicBlock(Block)", "class Nothing(Block):\n    extra = 1\n\n\nclass BasicBlock(Block)"),)
    ),
    "a constant above": Edit((put("models/backbones/mobilenetv2.py", "#: Table 2", "OTHER = (1, 2)\n\n#: Table 2"),)),
    "the order of two classes": Edit(
        (cut(RESIDUAL, "class Bottleneck(Block)", "", RESIDUAL, "class BasicBlock(Block)"),)
    ),
    "the order of two functions": Edit(
        (
            cut(
                "models/functional/pooling.py",
                "def generalized_mean",
                "",
                "models/functional/pooling.py",
                "def global_average",
            ),
        )
    ),
    "the order of methods": Edit((cut(ATTENTION, "    def forward", "", ATTENTION, "    def __init__"),)),
    "the order of imports": Edit(
        (
            put(
                UNET,
                "from models.basicblocks import DoubleConv, UpBlock",
                "from models.basicblocks import UpBlock, DoubleConv",
            ),
        )
    ),
    "an import that nothing uses": Edit(
        (put(FCN, "from mcore.module import Module", "import math\nfrom mcore.module import Module, Sequential"),)
    ),
    "from where a name is imported": Edit(
        (put(UNET, "from models.utils import SEGMENTATION_SIZES", "from models.utils.sizes import SEGMENTATION_SIZES"),)
    ),
    "a relative import": Edit((put(FCN, "from models.heads.base import Head", "from .base import Head"),)),
    "a block for when it is run": Edit((add(FCN, '\n\nif __name__ == "__main__":\n    print(FCNHead())\n'),)),
    "a file that nothing imports": Edit(
        (
            add(
                "models/basicblocks/new.py",
                "from models.basicblocks.base import Block\n\n\nclass New(Block):\n    pass\n",
            ),
        )
    ),
    "code of the farm": Edit(
        (
            put("farm/planning/plan.py", '"""What a submission would do', '"""What it would do'),
            add("farm/new.py", "X = 1\n"),
        )
    ),
    "a document": Edit((add("docs/selection.md", "\nMore.\n"), add("exclusions.yaml", "\n# More.\n"))),
    "a name in __all__ of a package of helpers": Edit(
        (put("models/utils/__init__.py", '    "make_divisible",\n', ""),)
    ),
    "a network of config files, which is public in no level": Edit(
        (
            put(
                "models/networks/configured.py",
                '{"backbone": backbones, "neck": necks',
                '{"neck": necks, "backbone": backbones',
            ),
        )
    ),
    "a kernel of devices": Edit(
        (put("mcore/platform/ops/convolution.py", "x.dtype, np.float32", "x.dtype, np.float64"),)
    ),
    "the planned runtime": Edit(
        (
            add("mcore/platform/runtime/blas.py", "\n\nEXTRA = 1\n"),
            put("mcore/platform/runtime/modes.py", "class Mode(", "LEVEL = 3\n\n\nclass Mode("),
        )
    ),
    "a comment in the converter": Edit(
        (put("mcore/convert/sensitivity.py", "BLIND = 1e-3", "BLIND = 1e-3  # of its peak"),)
    ),
    "a command beside the networks": Edit((add("mcore/pretrained/__main__.py", "\n\nEXTRA = 1\n"),)),
}

#: The selector goes by what is written: another text of the same meaning selects whoever has it.
SEEN = {
    "the name of a private function": Edit(
        (rename(RESNET, "_stage", "_one_stage"),), over=uses("models.backbones.resnet.ResNet")
    ),
    "the name of a local variable": Edit((rename(ATTENTION, "weights", "gates"),), over=EXCITED),
    "the name of a parameter that nobody names": Edit(
        (rename(ROUNDING, "value", "given"),), over=uses("models.utils.rounding:make_divisible")
    ),
    "an annotation": Edit(
        (put(ATTENTION, "def forward(self, x: Tensor) -> Tensor", "def forward(self, x) -> Tensor"),), over=EXCITED
    ),
    "the text of an error": Edit(
        (put(RESNET, "output_stride is 8, 16 or 32, got", "output_stride must be 8, 16 or 32, got"),),
        over=uses("models.backbones.resnet.ResNet"),
    ),
    "a function in another file": Edit(
        (
            cut(RESIDUAL, "def shortcut", "class BasicBlock", "models/basicblocks/base.py"),
            put(
                RESIDUAL,
                "from models.basicblocks.base import Block",
                "from models.basicblocks.base import Block, shortcut",
            ),
            put(
                "models/basicblocks/base.py",
                "from mcore.module import Module\n",
                "from mcore.module import Module, Sequential\nfrom models import Conv2d, Identity\n",
            ),
        ),
        over=uses("models.basicblocks.residual:shortcut"),
    ),
    "a file of another name": Edit(
        (
            move(VGG, "models/backbones/vggnet.py"),
            put("models/backbones/__init__.py", "models.backbones.vgg import", "models.backbones.vggnet import"),
        ),
        over=uses("models.backbones.vgg:VGG.__init__"),
    ),
    "a class in another file, imported where it was": Edit(
        (
            cut(FCN, "class FCNHead", "", "models/heads/simple.py"),
            add(FCN, "from models.heads.simple import FCNHead as FCNHead\n"),
            put(
                "models/heads/simple.py",
                "\n\nclass FCNHead",
                "from collections.abc import Sequence\n\nfrom mcore.module import Module\nfrom mcore.tensor import Tensor\nfrom models import BatchNorm2d, Conv2d, Dropout, ReLU\nfrom models.basicblocks import ConvNormAct\nfrom models.heads.base import Head\n\n\nclass FCNHead",
            ),
        ),
        over=uses("models.heads.fcn.FCNHead"),
    ),
    "a comment in a YAML file": Edit(
        (add("models/backbones/mobilenetv2.yaml", "# a comment\n"),),
        before=(
            put(
                "models/backbones/mobilenetv2.py",
                "#: Table 2",
                'TABLE = Path(__file__).with_name("mobilenetv2.yaml").read_text()\n#: Table 2',
            ),
            put(
                "models/backbones/mobilenetv2.py",
                "        super().__init__()\n",
                "        super().__init__()\n        self.table = TABLE\n",
            ),
            add("models/backbones/mobilenetv2.yaml", "widths: [1, 2]\n"),
        ),
        over=uses("models.backbones.mobilenetv2.MobileNetV2"),
    ),
    "an expression of the same value": Edit(
        (put(UNET, "self.pool = MaxPool2d(2)", "self.pool = MaxPool2d(1 + 1)"),), over=these("network:UNet")
    ),
}
