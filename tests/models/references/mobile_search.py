"""Networks for small devices that were found by search, and their designs by rule."""

from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))

REFERENCES = {
    "mobilenet_v3_large": Reference("torchvision", "mobilenet_v3_large"),
    "mobilenet_v3_small": Reference("torchvision", "mobilenet_v3_small", sizes=SMALL),
}
