"""Networks for small devices that were found by search, and their designs by rule."""

from tests.models.expected.forms import features, map_of, vector

EXPECTED = {
    **dict.fromkeys(("mobilenet_v3_large", "mobilenet_v3_small"), vector(1000)),
    "MobileNetV3Large": features((16, 24, 40, 112, 960)),
    "MobileNetV3Small": features((16, 16, 24, 48, 576)),
    "MBConv": map_of(32),
}
