"""ResNet and its kin."""

from tests.models.expected.forms import features, map_of, vector

EXPECTED = {
    **dict.fromkeys(
        (
            "resnet18",
            "resnet34",
            "resnet50",
            "resnet101",
            "resnet152",
            "seresnet50",
            "seresnet101",
            "seresnext50_32x4d",
        ),
        vector(1000),
    ),
    **dict.fromkeys(("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"), vector(1000)),
    "cbam_resnet50": vector(1000),
    "CBAMResNet50": features((64, 256, 512, 1024, 2048)),
    **dict.fromkeys(("wide_resnet50_2", "wide_resnet101_2"), vector(1000)),
    **dict.fromkeys(("ResNet18", "ResNet34"), features((64, 64, 128, 256, 512))),
    **dict.fromkeys(
        ("ResNet50", "ResNet101", "ResNet152", "SEResNet50", "SEResNet101", "SEResNeXt50_32x4d"),
        features((64, 256, 512, 1024, 2048)),
    ),
    **dict.fromkeys(("ResNeXt50_32x4d", "ResNeXt101_32x8d", "ResNeXt101_64x4d"), features((64, 256, 512, 1024, 2048))),
    **dict.fromkeys(("WideResNet50_2", "WideResNet101_2"), features((64, 256, 512, 1024, 2048))),
    "ClassificationHead": vector(1000),
    "SqueezeExcitation": map_of(64),
    "BasicBlock": map_of(64),
    "Bottleneck": map_of(256),
    "ConvNormAct": map_of(64),
}
