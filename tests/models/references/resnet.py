"""ResNet and its kin."""

from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))

REFERENCES = {
    "resnet18": Reference("torchvision", "resnet18", sizes=SMALL),
    "resnet34": Reference("torchvision", "resnet34"),
    "resnet50": Reference("torchvision", "resnet50", sizes=SMALL),
    "resnet101": Reference("torchvision", "resnet101"),
    "resnet152": Reference("torchvision", "resnet152"),
}
