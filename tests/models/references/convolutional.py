"""Convolutional networks beside ResNet and its kin."""

from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))
#: torchvision would else draw weights that are then replaced.
EMPTY = {"init_weights": False}

REFERENCES = {
    "vgg16": Reference("torchvision", "vgg16", options=EMPTY, sizes=SMALL),
    "vgg16_bn": Reference("torchvision", "vgg16_bn", options=EMPTY),
    "darknet53": Reference("timm", "darknet53", sizes=SMALL),
    "cspdarknet53": Reference("timm", "cspdarknet53", sizes=SMALL),
    "cspresnet50": Reference("timm", "cspresnet50", sizes=SMALL),
}
