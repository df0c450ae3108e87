"""Heads of dense tasks: scores of classes, or depth, at the resolution of some of the maps that they take."""

from tests.models.expected.forms import map_of

EXPECTED = {
    "DeepLabV3Head": map_of(21),
    "DeepLabV3PlusHead": map_of(21, scale=4),
    "FastDepthDecoder": map_of(1, scale=16),
    "LinkNetDecoder": map_of(21, scale=32),
    "OCRHead": map_of(19, scale=8),
    "PSPHead": map_of(21),
    "SegFormerHead": map_of(150, scale=8),
    "UNetPlusPlusDecoder": map_of(21, scale=16),
    "UPerHead": map_of(21, scale=8),
    "SeparableConv": map_of(64),
}
