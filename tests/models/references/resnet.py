"""ResNet and its kin."""

from models.networks import cbam_resnet50
from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))

REFERENCES = {
    "resnet18": Reference("torchvision", "resnet18", sizes=SMALL),
    "resnet34": Reference("torchvision", "resnet34"),
    "resnet50": Reference("torchvision", "resnet50", sizes=SMALL),
    "resnet101": Reference("torchvision", "resnet101"),
    "resnet152": Reference("torchvision", "resnet152"),
    "resnext50_32x4d": Reference("torchvision", "resnext50_32x4d", sizes=SMALL),
    "resnext101_32x8d": Reference("torchvision", "resnext101_32x8d"),
    "resnext101_64x4d": Reference("torchvision", "resnext101_64x4d"),
    "wide_resnet50_2": Reference("torchvision", "wide_resnet50_2", sizes=SMALL[:1]),
    "wide_resnet101_2": Reference("torchvision", "wide_resnet101_2"),
    "seresnet50": Reference("timm", "seresnet50", sizes=SMALL),
    "seresnet101": Reference("timm", "seresnet101"),
    "seresnext50_32x4d": Reference("timm", "seresnext50_32x4d", sizes=SMALL[1:]),
    "cbam_resnet50": Reference(
        "timm",
        "resnet50",
        options={"block_args": {"attn_layer": "cbam"}},
        key_map=cbam_resnet50.key_maps["timm"],
        sizes=SMALL,
    ),
}
