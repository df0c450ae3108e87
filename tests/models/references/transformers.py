"""Vision transformers, and convolutional networks in their image."""

from models.backbones.mobilevit import MobileViT
from models.backbones.vit import ViT
from tests.models.references.reference import Reference

TIMM_VIT = ViT.key_maps["timm"]
TIMM_MOBILEVIT = MobileViT.key_maps["timm"]


def resized(name: str, *size: int) -> Reference:
    """A ViT of timm for images of one size alone."""
    return Reference(
        "timm", name, {"img_size": size}, {"image_size": size}, key_map=TIMM_VIT, sizes=(size,), exact=False
    )


REFERENCES = {
    "vit_b_16": Reference("torchvision", "vit_b_16", {"image_size": 64}, {"image_size": (64, 64)}, sizes=((64, 64),)),
    "vit_tiny_patch16_224": resized("vit_tiny_patch16_224", 64, 96),
    "vit_small_patch16_224": Reference("timm", "vit_small_patch16_224", key_map=TIMM_VIT),
    "deit_tiny_patch16_224": resized("deit_tiny_patch16_224", 48, 64),
    "deit_small_patch16_224": Reference("timm", "deit_small_patch16_224", key_map=TIMM_VIT),
    "deit_tiny_distilled_patch16_224": resized("deit_tiny_distilled_patch16_224", 64, 48),
    "swin_t": Reference("torchvision", "swin_t", sizes=((64, 96), (65, 271)), exact=False),
    "swin_s": Reference("torchvision", "swin_s"),
    "convnext_tiny": Reference("torchvision", "convnext_tiny", sizes=((64, 96), (65, 47))),
    "convnext_small": Reference("torchvision", "convnext_small"),
    "pvt_v2_b0": Reference("timm", "pvt_v2_b0", sizes=((64, 96), (65, 47)), exact=False),
    "pvt_v2_b1": Reference("timm", "pvt_v2_b1"),
    # timm has no MiT, but it has its layers: those of PVT v2 with other perceptrons.
    "mit_b0": Reference("timm", "pvt_v2_b0", {"mlp_ratios": (4, 4, 4, 4)}, sizes=((64, 47),), exact=False),
    "mit_b1": Reference("timm", "pvt_v2_b1", {"mlp_ratios": (4, 4, 4, 4)}),
    "mobilevit_xxs": Reference(
        "timm", "mobilevit_xxs", key_map=TIMM_MOBILEVIT, sizes=((64, 96), (65, 79)), exact=False
    ),
    "mobilevit_s": Reference("timm", "mobilevit_s", key_map=TIMM_MOBILEVIT),
}
