"""ResNet and its kin."""

from tests.models.expected.forms import features, map_of, vector

EXPECTED = {
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "seresnet50"), vector(1000)),
    **dict.fromkeys(("ResNet18", "ResNet34"), features((64, 64, 128, 256, 512))),
    **dict.fromkeys(("ResNet50", "ResNet101", "ResNet152", "SEResNet50"), features((64, 256, 512, 1024, 2048))),
    "ClassificationHead": vector(1000),
    "SqueezeExcitation": map_of(64),
    "BasicBlock": map_of(64),
    "Bottleneck": map_of(256),
    "ConvNormAct": map_of(64),
}
