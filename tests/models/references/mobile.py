"""Networks for small devices."""

from models.backbones import GhostNet, MobileNetV1
from tests.models.references.reference import Reference

SMALL = ((64, 96), (65, 47))

REFERENCES = {
    "ghostnet_100": Reference("timm", "ghostnet_100", key_map=GhostNet.key_maps["timm"], sizes=SMALL),
    "mobilenetv1_100": Reference("timm", "mobilenetv1_100", key_map=MobileNetV1.key_maps["timm"], sizes=SMALL),
    "mobilenetv2": Reference("torchvision", "mobilenet_v2", sizes=SMALL),
}
