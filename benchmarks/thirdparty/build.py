"""A network of the catalogue, built with weights as its constructor leaves them, and its native size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from benchmarks.thirdparty.packages import timm, torchvision

Size = tuple[int, int]


def build(architecture: str) -> tuple[nn.Module, Size]:
    """The network of that ``group:name``, and the size that its authors trained it at."""
    group, _, name = architecture.partition(":")
    return _BUILDERS[group](name)


def _classification(name: str) -> tuple[nn.Module, Size]:
    models = torchvision().models
    weights = models.get_model_weights(name).DEFAULT
    # Auxiliary heads and pretrained statistics are of the training alone.
    side = weights.transforms().crop_size[0]
    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return models.get_model(name, weights=None, **extra), (side, side)


def _segmentation(name: str) -> tuple[nn.Module, Size]:
    models = torchvision().models
    extra = {} if name.startswith("lraspp") else {"aux_loss": True}
    return models.get_model(name, weights=None, weights_backbone=None, **extra), (520, 520)


def _backbone(name: str) -> tuple[nn.Module, Size]:
    models = torchvision().models
    stem, _, what = name.rpartition("_")
    if what == "fpn":
        from torchvision.models.detection.backbone_utils import mobilenet_backbone, resnet_fpn_backbone

        if stem.startswith("resnet"):
            return resnet_fpn_backbone(backbone_name=stem, weights=None), (224, 224)
        return mobilenet_backbone(backbone_name=stem, weights=None, fpn=True), (224, 224)
    network = models.get_model(stem, weights=None)
    if what == "features":
        return network.features, (224, 224)
    from torchvision.models.feature_extraction import create_feature_extractor

    return create_feature_extractor(network, _NODES[what]), (224, 224)


#: What is taken out of a network, by the last word of the name.
_NODES = {
    "layers": [f"layer{i}" for i in range(1, 5)],
    "stages": [f"stage{i}" for i in range(2, 5)],
    "trunk": ["trunk_output"],
}


def _detection(name: str) -> tuple[nn.Module, Size]:
    models = torchvision().models
    stem = name.removesuffix("_heads")
    network = models.get_model(stem, weights=None, weights_backbone=None)
    side = 300 if stem.startswith("ssd300") else 320
    return (network if stem == name else Heads(network)), (side, side)


class Heads(nn.Module):
    """Backbone and dense heads of a detector: all that a device computes before boxes are chosen."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.head = network.rpn.head if hasattr(network, "rpn") else network.head

    def forward(self, x: Tensor) -> Any:
        return self.head(list(self.backbone(x).values()))


def _timm(name: str) -> tuple[nn.Module, Size]:
    network = timm().create_model(name, pretrained=False)
    _, height, width = network.pretrained_cfg["input_size"]
    return network, (height, width)


_BUILDERS: dict[str, Callable[[str], tuple[nn.Module, Size]]] = {
    "classification": _classification,
    "segmentation": _segmentation,
    "backbone": _backbone,
    "detection": _detection,
    "timm": _timm,
}
