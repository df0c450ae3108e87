"""Networks, heads and blocks of segmentation, and the feature pyramid."""

from tests.models.expected.forms import map_of

EXPECTED = {
    "FCNResNet50": map_of(21),
    "UNet": map_of(2),
    "UNetResNet34": map_of(21),
    "FCNHead": map_of(21),
    "LRASPPHead": map_of(21, scale=2),
    "UNetDecoder": map_of(21, scale=16),
    "FPN": lambda n, h, w: [(n, 256, k * h, k * w) for k in (8, 4, 2, 1)],
    "DoubleConv": map_of(64),
    "UpBlock": map_of(64, scale=2),
}
