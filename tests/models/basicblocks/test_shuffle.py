"""ShuffleNetV2's unit."""

import pytest
import torch

from models import ReLU, SiLU
from models.basicblocks import ShuffleUnit


def test_at_stride_one_half_of_the_channels_pass_and_become_every_other_one():
    unit = ShuffleUnit(in_channels=8, out_channels=8).eval()
    x = torch.randn(2, 8, 5, 4)
    y = unit(x)
    assert torch.equal(y[:, 0::2], x[:, :4])
    assert torch.equal(y[:, 1::2], unit.branch2(x[:, 4:]))


def test_at_stride_two_both_branches_filter_the_whole_map():
    unit = ShuffleUnit(in_channels=6, out_channels=16, stride=2).eval()
    x = torch.randn(2, 6, 5, 4)
    y = unit(x)
    assert y.shape == (2, 16, 3, 2)
    assert torch.equal(y[:, 0::2], unit.branch1(x))
    assert torch.equal(y[:, 1::2], unit.branch2(x))


def test_activations_follow_the_1x1_convolutions_only():
    unit = ShuffleUnit(in_channels=6, out_channels=16, stride=2, act=SiLU)
    assert [type(m).__name__ for m in unit.branch1] == ["Conv2d", "BatchNorm2d", "Conv2d", "BatchNorm2d", "SiLU"]
    assert [i for i, m in enumerate(unit.branch2) if isinstance(m, SiLU)] == [2, 7]
    assert not any(isinstance(m, ReLU) for m in unit.modules())


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"in_channels": 7}, "ShuffleUnit: channels are halved, got 7 and 64"),
        ({"out_channels": 9, "stride": 2}, "ShuffleUnit: channels are halved, got 64 and 9"),
        ({"out_channels": 96}, "ShuffleUnit: 64 channels cannot become 96 at stride 1"),
    ],
)
def test_channels_that_make_no_halves_are_refused(parameters, error):
    with pytest.raises(ValueError, match=f"^{error}$"):
        ShuffleUnit(**parameters)
