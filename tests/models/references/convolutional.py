"""Convolutional networks beside ResNet and its kin."""

from models.networks import googlenet, inception_v3
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
    "densenet121": Reference("torchvision", "densenet121", sizes=SMALL),
    "densenet169": Reference("torchvision", "densenet169"),
    "squeezenet1_0": Reference("torchvision", "squeezenet1_0", sizes=SMALL),
    "squeezenet1_1": Reference("torchvision", "squeezenet1_1", sizes=SMALL),
    "googlenet": Reference(
        "torchvision", "googlenet", options=EMPTY, key_map=googlenet.key_maps["torchvision"], sizes=SMALL
    ),
    "inception_v3": Reference(
        "torchvision",
        "inception_v3",
        options=EMPTY,
        key_map=inception_v3.key_maps["torchvision"],
        sizes=((96, 128), (107, 79)),
    ),
    "xception": Reference("timm", "legacy_xception", sizes=SMALL),
    "res2net50_26w_4s": Reference("timm", "res2net50_26w_4s", sizes=SMALL),
    "resnest14d": Reference("timm", "resnest14d", sizes=SMALL),
    "resnest26d": Reference("timm", "resnest26d", sizes=SMALL[1:]),
    "resnest50d": Reference("timm", "resnest50d", sizes=SMALL[1:]),
    # Theirs take multiples of 32 alone.
    "dla34": Reference("timm", "dla34", sizes=((64, 96), (32, 160))),
    "hrnet_w18": Reference("timm", "hrnet_w18", sizes=((64, 96), (32, 160))),
    "repvgg_a0": Reference("timm", "repvgg_a0", sizes=SMALL),
}
