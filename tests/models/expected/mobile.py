"""Networks for small devices."""

from tests.models.expected.forms import features, map_of, vector

EXPECTED = {
    "ghostnet_100": vector(1000),
    "GhostNet": features((16, 24, 40, 112, 960)),
    "GhostBottleneck": map_of(40),
    "GhostModule": map_of(64),
    "mobilenetv1_100": vector(1000),
    "MobileNetV1": features((64, 128, 256, 512, 1024)),
    "mobilenetv2": vector(1000),
    "MobileNetV2": features((16, 24, 32, 96, 1280)),
    "InvertedResidual": map_of(32),
}
