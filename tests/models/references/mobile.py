"""Networks for small devices."""

from tests.models.references.reference import Reference

REFERENCES = {
    "mobilenetv2": Reference("torchvision", "mobilenet_v2", sizes=((64, 96), (65, 47))),
}
