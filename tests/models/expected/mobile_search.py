"""Networks for small devices that were found by search, and their designs by rule."""

from tests.models.expected.forms import features, map_of, vector

EXPECTED = {
    **dict.fromkeys(("efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_v2_s"), vector(1000)),
    **dict.fromkeys(("EfficientNetB0", "EfficientNetB1"), features((16, 24, 40, 112, 1280))),
    "EfficientNetB2": features((16, 24, 48, 120, 1408)),
    "EfficientNetV2S": features((24, 48, 64, 160, 1280)),
    **dict.fromkeys(("mobilenet_v3_large", "mobilenet_v3_small"), vector(1000)),
    "MobileNetV3Large": features((16, 24, 40, 112, 960)),
    "MobileNetV3Small": features((16, 16, 24, 48, 576)),
    **dict.fromkeys(("regnet_x_400mf", "regnet_y_400mf", "regnet_y_1_6gf"), vector(1000)),
    "RegNetX400MF": features((32, 32, 64, 160, 400)),
    "RegNetY400MF": features((32, 48, 104, 208, 440)),
    "RegNetY1_6GF": features((32, 48, 120, 336, 888)),
    **dict.fromkeys(("shufflenet_v2_x0_5", "shufflenet_v2_x1_0"), vector(1000)),
    "ShuffleNetV2X0_5": features((24, 24, 48, 96, 1024)),
    "ShuffleNetV2X1_0": features((24, 24, 116, 232, 1024)),
    **dict.fromkeys(("mnasnet0_5", "mnasnet1_0"), vector(1000)),
    "MNASNet0_5": features((8, 16, 24, 48, 1280)),
    "MNASNet1_0": features((16, 24, 40, 96, 1280)),
    "FusedMBConv": map_of(32),
    "MBConv": map_of(32),
    "RegNetBlock": map_of(64),
    "ShuffleUnit": map_of(64),
}
