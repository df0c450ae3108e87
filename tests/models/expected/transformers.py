"""Vision transformers, and convolutional networks in their image."""

from tests.models.expected.forms import Shapes, features, vector


def patches(channels: tuple[int, ...]) -> Shapes:
    """Of whole patches of four by four, what is left over being dropped, and then of their maps, rounded up."""
    coarser = features(channels, (1, 2, 4, 8))
    return lambda n, h, w: coarser(n, h // 4, w // 4)


EXPECTED = {
    **dict.fromkeys(("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_b_16"), vector(1000)),
    **dict.fromkeys(("deit_tiny_patch16_224", "deit_small_patch16_224"), vector(1000)),
    "deit_tiny_distilled_patch16_224": vector(1000),
    **dict.fromkeys(("ViTTiny16", "DeiTTiny"), features((192,), (16,))),
    **dict.fromkeys(("ViTSmall16", "DeiTSmall"), features((384,), (16,))),
    "ViTB16": features((768,), (16,)),
    **dict.fromkeys(("swin_t", "swin_s"), vector(1000)),
    **dict.fromkeys(("SwinTiny", "SwinSmall"), patches((96, 192, 384, 768))),
}
