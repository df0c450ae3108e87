"""Detectors of torchvision; what they compute is compared in the tests of each."""

from models.networks import FCOS, SSD300, RetinaNet
from tests.models.references.reference import Reference

EMPTY = {"weights": None, "weights_backbone": None}

REFERENCES = {
    "SSD300": Reference("torchvision", "ssd300_vgg16", EMPTY, key_map=SSD300.key_maps["torchvision"]),
    "RetinaNet": Reference("torchvision", "retinanet_resnet50_fpn", EMPTY, key_map=RetinaNet.key_maps["torchvision"]),
    "FCOS": Reference(
        "torchvision", "fcos_resnet50_fpn", EMPTY, {"scaled": False}, key_map=FCOS.key_maps["torchvision"]
    ),
}
