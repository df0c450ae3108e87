"""Segmentation networks; theirs have auxiliary scores, which ours drop."""

from models.networks import DeepLabV3ResNet50, FCNResNet50, LRASPPMobileNetV3Large
from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 41))
OPTIONS = {"weights": None, "weights_backbone": None, "aux_loss": True}

REFERENCES = {
    "FCNResNet50": Reference(
        "torchvision", "fcn_resnet50", options=OPTIONS, key_map=FCNResNet50.key_maps["torchvision"], sizes=SMALL
    ),
    "DeepLabV3ResNet50": Reference(
        "torchvision",
        "deeplabv3_resnet50",
        options=OPTIONS,
        key_map=DeepLabV3ResNet50.key_maps["torchvision"],
        sizes=SMALL,
    ),
    "LRASPPMobileNetV3Large": Reference(
        "torchvision",
        "lraspp_mobilenet_v3_large",
        options={"weights": None, "weights_backbone": None},
        key_map=LRASPPMobileNetV3Large.key_maps["torchvision"],
        sizes=SMALL,
    ),
}
