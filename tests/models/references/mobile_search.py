"""Networks for small devices that were found by search, and their designs by rule."""

from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))

REFERENCES = {
    "efficientnet_b0": Reference("torchvision", "efficientnet_b0", sizes=SMALL),
    "efficientnet_b1": Reference("torchvision", "efficientnet_b1"),
    "efficientnet_b2": Reference("torchvision", "efficientnet_b2"),
    "efficientnet_v2_s": Reference("torchvision", "efficientnet_v2_s", sizes=SMALL[:1]),
    "mobilenet_v3_large": Reference("torchvision", "mobilenet_v3_large"),
    "mobilenet_v3_small": Reference("torchvision", "mobilenet_v3_small", sizes=SMALL),
    "regnet_x_400mf": Reference("torchvision", "regnet_x_400mf", sizes=SMALL, meta=False),
    "regnet_y_400mf": Reference("torchvision", "regnet_y_400mf", sizes=SMALL, meta=False),
    "regnet_y_1_6gf": Reference("torchvision", "regnet_y_1_6gf", meta=False),
    "shufflenet_v2_x0_5": Reference("torchvision", "shufflenet_v2_x0_5", sizes=SMALL),
    "shufflenet_v2_x1_0": Reference("torchvision", "shufflenet_v2_x1_0"),
    "mnasnet0_5": Reference("torchvision", "mnasnet0_5", sizes=SMALL),
    "mnasnet1_0": Reference("torchvision", "mnasnet1_0"),
}
