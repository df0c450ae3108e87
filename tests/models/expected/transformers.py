"""Vision transformers, and convolutional networks in their image."""

from tests.models.expected.forms import Shapes, features, map_of, vector


def patches(channels: tuple[int, ...]) -> Shapes:
    """Of whole patches of four by four, what is left over being dropped, and then of their maps, rounded up."""
    coarser = features(channels, (1, 2, 4, 8))
    return lambda n, h, w: coarser(n, h // 4, w // 4)


def floored(channels: tuple[int, ...]) -> Shapes:
    """Of strides 4, 8, 16 and 32, sizes rounded down."""
    return lambda n, h, w: [(n, c, h // s, w // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)]


EXPECTED = {
    **dict.fromkeys(("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_b_16"), vector(1000)),
    **dict.fromkeys(("deit_tiny_patch16_224", "deit_small_patch16_224"), vector(1000)),
    "deit_tiny_distilled_patch16_224": vector(1000),
    **dict.fromkeys(("ViTTiny16", "DeiTTiny"), features((192,), (16,))),
    **dict.fromkeys(("ViTSmall16", "DeiTSmall"), features((384,), (16,))),
    "ViTB16": features((768,), (16,)),
    **dict.fromkeys(("swin_t", "swin_s"), vector(1000)),
    **dict.fromkeys(("SwinTiny", "SwinSmall"), patches((96, 192, 384, 768))),
    **dict.fromkeys(("convnext_tiny", "convnext_small"), vector(1000)),
    **dict.fromkeys(("ConvNeXtTiny", "ConvNeXtSmall"), floored((96, 192, 384, 768))),
    "ConvNeXtBlock": map_of(96),
    **dict.fromkeys(("pvt_v2_b0", "pvt_v2_b1", "mit_b0", "mit_b1"), vector(1000)),
    **dict.fromkeys(("PVTv2B0", "MiTB0"), features((32, 64, 160, 256), (4, 8, 16, 32))),
    **dict.fromkeys(("PVTv2B1", "MiTB1"), features((64, 128, 320, 512), (4, 8, 16, 32))),
    **dict.fromkeys(("mobilevit_xxs", "mobilevit_s"), vector(1000)),
    "MobileViTXXS": features((16, 24, 48, 64, 320)),
    "MobileViTS": features((32, 64, 96, 128, 640)),
    "MobileViTBlock": map_of(48),
}
