"""Conversion as a method: a network becomes a bundle, and its class makes it again of the bundle alone."""

import pytest
import torch

from mcore import fromplatform
from mcore.platform.errors import BackendError
from mcore.sampling import Sampling
from models.basicblocks import InvertedResidual, UpBlock
from models.heads import UNetDecoder
from models.necks import FPN
from models.networks import UNet, mobilenetv2
from models.networks.assembly import assemble
from models.networks.backbone_head import BackboneHead
from tests.models.catalogue import arrays_for, call

SMALL = Sampling.image(3, ((64, 64), (40, 56), (33, 47)))


def assembled():
    return assemble(
        backbone="ResNet18",
        neck="FPN",
        head="UNetDecoder",
        neck_parameters={"out_channels": 16},
        head_parameters={"widths": (16, 16, 8)},
    )


@pytest.mark.parametrize(
    ("build", "sampling"),
    [
        (lambda: UpBlock(in_channels=8, skip_channels=4, out_channels=4), None),
        (lambda: InvertedResidual(in_channels=8, out_channels=12, stride=2), None),
        (lambda: FPN(in_channels=(4, 8), in_strides=(4, 8), out_channels=8), None),
        (lambda: UNetDecoder(in_channels=(4, 8, 8), in_strides=(2, 4, 8), widths=(8, 4)), None),
        (lambda: UNet(width=4, depth=3), SMALL),
        (lambda: mobilenetv2(width=0.35, num_classes=10), SMALL),
        (assembled, SMALL),
    ],
    ids=["UpBlock", "InvertedResidual", "FPN", "UNetDecoder", "UNet", "mobilenetv2", "BackboneHead"],
)
def test_what_a_bundle_gives_back_is_the_network(build, sampling, tmp_path):
    model = build().eval()
    folder = tmp_path / "bundle"
    conversion = model.toplatform(
        folder, architecture="round-trip", kind="network", sampling=sampling, weights="calibrated"
    )
    again = type(model).fromplatform(folder)
    assert type(again) is type(model)
    assert again.constructor == model.constructor == dict(conversion.manifest.constructor)
    assert again.parts == model.parts == dict(conversion.manifest.parts)

    arrays = arrays_for(model.sampling, 2, *((35, 50) if sampling else (6, 9)))
    with torch.no_grad():
        from_class = call(again, arrays, torch.from_numpy)
        from_graph = call(fromplatform(folder), arrays, torch.from_numpy)
    for a, b in zip(from_class, from_graph, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * float(a.abs().max()))


def test_a_class_takes_back_only_its_own(tmp_path):
    folder = tmp_path / "bundle"
    UNet(width=4, depth=1).toplatform(folder, architecture="unet", kind="network", sampling=SMALL, weights="calibrated")
    with pytest.raises(BackendError, match=r"holds a UNet, not a BackboneHead$"):
        BackboneHead.fromplatform(folder)
