"""The CBAM-ResNet classifier, under the flat parameter names of torchvision's ResNets.

Paper: CBAM: Convolutional Block Attention Module (Woo et al., 2018), https://arxiv.org/abs/1807.06521
Departures are said at the backbone; the class is its backbone, with a linear layer more. The layout ``timm`` is that of timm's
ResNet with ``attn_layer="cbam"``.
"""

from typing import ClassVar

from models.backbones import CBAMResNet50
from models.networks.resnet import ResNetClassifier


class cbam_resnet50(ResNetClassifier, CBAMResNet50):
    """CBAM-ResNet-50, 28.1 million parameters."""

    parts: ClassVar = {"backbone": "CBAMResNet50", "head": "ClassificationHead"}
    key_maps: ClassVar = {
        "timm": ((r"\.spatial\.conv\.conv\.", ".spatial.conv.0."), (r"\.spatial\.conv\.bn\.", ".spatial.conv.1."))
    }
