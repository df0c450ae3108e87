"""SegFormer: the paper's sizes, and checkpoints of its release."""

import pytest
import torch

from mcore.pretrained.loading import rename
from models import networks
from models.backbones import MiTB0, MiTB1
from models.heads import SegFormerHead
from tests.models.networks.counting import conv, count, scores
from tests.models.networks.test_pyramid_transformers import release_key


@pytest.mark.parametrize(
    ("name", "backbone", "widths", "millions"),
    [("SegFormerB0", MiTB0, (32, 64, 160, 256), 3.8), ("SegFormerB1", MiTB1, (64, 128, 320, 512), 13.7)],
)
def test_number_of_parameters_is_the_papers(name, backbone, widths, millions):
    """Table 1 tells them in millions; the head's are four projections, the fusion and the scores."""
    head = sum(scores(w, 256) for w in widths) + conv(1, 4 * 256, 256) + scores(256, 150)
    with torch.device("meta"):
        total = count(getattr(networks, name)())
        assert total == count(backbone()) + head
    assert round(total / 1e6, 1) == millions


def released(key):
    """The name in the paper's release of a parameter here."""
    if key.startswith("backbone."):
        return f"backbone.{release_key(key.removeprefix('backbone.'))}"
    for own, theirs in (("fuse.0.", "linear_fuse.conv."), ("fuse.1.", "linear_fuse.bn."), ("score.", "linear_pred.")):
        key = key.replace(f"head.{own}", f"decode_head.{theirs}")
    for i in range(4):
        key = key.replace(f"head.project.{i}.", f"decode_head.linear_c{i + 1}.proj.")
    return key


def test_checkpoints_of_the_release_are_loaded():
    model = networks.SegFormerB0().eval()
    state = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    theirs = {released(key): value.numpy() for key, value in state.items()}
    assert {"decode_head.linear_c1.proj.weight", "backbone.block4.1.mlp.dwconv.dwconv.bias"} < set(theirs)
    theirs["decode_head.conv_seg.weight"] = theirs["decode_head.linear_pred.weight"]
    renamed, dropped = rename(theirs, networks.SegFormerB0.key_maps["segformer"])
    assert dropped == ("decode_head.conv_seg.weight",)
    assert set(renamed) == set(state)
    assert all((renamed[key] == state[key].numpy()).all() for key in state)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 47)])
def test_scores_have_the_size_of_the_image(height, width):
    model = networks.SegFormerB0(in_channels=4, num_classes=3).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 4, height, width)).shape == (1, 3, height, width)


def test_its_parts_are_public():
    with torch.device("meta"):
        assert networks.SegFormerB1().parts == {"backbone": "MiTB1", "head": SegFormerHead.__name__}
