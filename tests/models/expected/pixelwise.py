"""Networks that answer each pixel of the image."""

from tests.models.expected.forms import map_of

EXPECTED = {
    "BiSeNet": map_of(19),
    "DeepLabV3PlusResNet50": map_of(21),
    "DeepLabV3ResNet50": map_of(21),
    "ENet": map_of(19),
    "FastDepthMobileNetV2": map_of(1),
    "FastSCNN": map_of(19),
    "LRASPPMobileNetV3Large": map_of(21),
    "LinkNetResNet18": map_of(21),
    "OCRHRNetW18": map_of(19),
    "PSPNetResNet50": map_of(21),
    "SegFormerB0": map_of(150),
    "SegFormerB1": map_of(150),
    "SegNet": map_of(12),
    "UNetPlusPlus": map_of(2),
    "UPerNetResNet50": map_of(150),
}
