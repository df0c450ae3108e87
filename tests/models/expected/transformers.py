"""Vision transformers, and convolutional networks in their image."""

from tests.models.expected.forms import features, vector

EXPECTED = {
    **dict.fromkeys(("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_b_16"), vector(1000)),
    **dict.fromkeys(("deit_tiny_patch16_224", "deit_small_patch16_224"), vector(1000)),
    "deit_tiny_distilled_patch16_224": vector(1000),
    **dict.fromkeys(("ViTTiny16", "DeiTTiny"), features((192,), (16,))),
    **dict.fromkeys(("ViTSmall16", "DeiTSmall"), features((384,), (16,))),
    "ViTB16": features((768,), (16,)),
}
