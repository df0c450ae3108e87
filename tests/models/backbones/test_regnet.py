"""RegNet: stages from the paper's function, attention, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.attention import SqueezeExcitation
from models.backbones import RegNetX400MF, RegNetY1_6GF, RegNetY400MF
from models.backbones.regnet import RegNet, regnet_stages


@pytest.mark.parametrize(
    ("design", "widths", "depths", "group"),
    [
        # Tables of the paper's appendix.
        ((22, 24, 24.48, 2.54, 16), (32, 64, 160, 400), (1, 2, 7, 12), 16),
        ((16, 56, 35.73, 2.28, 16), (64, 128, 288, 672), (1, 3, 7, 5), 16),
        ((18, 80, 34.01, 2.25, 24), (72, 168, 408, 912), (2, 4, 10, 2), 24),
        ((16, 48, 27.89, 2.09, 8), (48, 104, 208, 440), (1, 3, 6, 6), 8),
        ((27, 48, 20.71, 2.65, 24), (48, 120, 336, 888), (2, 6, 17, 2), 24),
        ((21, 80, 42.63, 2.66, 24), (72, 216, 576, 1512), (2, 5, 13, 1), 24),
    ],
)
def test_stages_are_those_of_the_papers_tables(design, widths, depths, group):
    assert regnet_stages(*design) == [(w, d, group) for w, d in zip(widths, depths, strict=True)]


@given(
    blocks=st.integers(1, 40),
    start=st.integers(1, 40).map(lambda n: 8 * n),
    slope=st.floats(1, 80),
    step=st.floats(1.5, 3),
    group=st.sampled_from((8, 16, 24, 120)),
)
def test_stages_hold_all_blocks_in_whole_groups_and_grow(blocks, start, slope, step, group):
    stages = regnet_stages(blocks, start, slope, step, group)
    widths, depths, groups = zip(*stages, strict=True)
    assert sum(depths) == blocks
    assert all(w % g == 0 and g <= group for w, g in zip(widths, groups, strict=True))
    assert list(widths) == sorted(widths)


def test_attention_squeezes_to_a_quarter_of_the_blocks_input():
    attentions = [m for m in RegNetY400MF().modules() if isinstance(m, SqueezeExcitation)]
    assert [m.fc1.out_channels for m in attentions] == [8] + [12] + [26] * 3 + [52] * 6 + [110] * 5
    assert not any(isinstance(m, SqueezeExcitation) for m in RegNetX400MF().modules())


def test_depths_are_those_of_the_stages():
    assert [len(stage) for stage in RegNetY1_6GF().trunk_output] == [2, 6, 17, 2]


def test_a_design_of_other_than_four_stages_is_refused():
    with pytest.raises(ValueError, match=r"^RegNet: stages are four, got widths \[24\]$"):
        RegNet(blocks=2, start=24, slope=1.0, step=2.5, group_width=8)
