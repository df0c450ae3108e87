"""The head of LR-ASPP."""

import pytest
import torch

from models.heads import LRASPPHead
from tests.models.features import features
from tests.models.torchvision_reference import torchvision


def head(**parameters):
    given = {"in_channels": (4, 8, 16), "in_strides": (4, 8, 16), "num_classes": 3, "width": 8}
    return LRASPPHead(**{**given, **parameters}).eval()


def test_it_has_as_many_parameters_as_torchvisions():
    theirs = torchvision().models.segmentation.lraspp.LRASPPHead(40, 960, 21, 128)
    assert sum(p.numel() for p in LRASPPHead().parameters()) == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6))])
def test_it_scores_at_the_resolution_of_its_detail(sizes):
    made = head()
    assert made.output_stride == 8
    given = features(sizes, (4, 8, 16))
    before = made(given)
    assert before.shape == (1, 3, *sizes[1])
    for i, used in enumerate((False, True, True)):
        changed = made([f + 1.0 if i == j else f for j, f in enumerate(given)])
        assert torch.equal(changed, before) != used


def test_the_gate_is_of_the_whole_map():
    """With the gate shut, all that is left is the detail's scores and the bias of the others."""
    made = head()
    given = features(((16, 24), (8, 12), (4, 6)), (4, 8, 16))
    made.gate[2] = torch.nn.Threshold(float("inf"), 0.0)
    with torch.no_grad():
        expected = made.detail_score(given[1]) + made.score.bias[:, None, None]
        torch.testing.assert_close(made(given), expected)


def test_it_takes_the_detail_that_is_asked_for():
    assert head(detail_stride=4).output_stride == 4


def test_it_needs_a_finer_map():
    text = r"^LRASPPHead: no map before the last has a stride of 8 or more, got strides \(4, 16\)$"
    with pytest.raises(ValueError, match=text):
        head(in_channels=(4, 16), in_strides=(4, 16))
