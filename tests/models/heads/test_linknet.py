"""LinkNet's decoder."""

import pytest
import torch

from models import ConvTranspose2d
from models.heads import LinkNetDecoder
from tests.models.features import features


def small(channels=(4, 8, 16), strides=(4, 8, 16)):
    return LinkNetDecoder(in_channels=channels, in_strides=strides, num_classes=3, width=6).eval()


@pytest.mark.parametrize("sizes", [((16, 24), (8, 12), (4, 6)), ((17, 23), (9, 12), (5, 6)), ((5, 4), (3, 2), (2, 1))])
def test_it_ends_at_four_times_the_size_of_the_finest_map(sizes):
    head = small()
    assert head.output_stride == 1
    (height, width) = sizes[0]
    assert head(features(sizes, (4, 8, 16))).shape == (1, 3, 4 * height, 4 * width)


def test_number_of_parameters_is_the_papers():
    """Table 2 and figure 3: m to m/4 by 1x1, full 3x3, m/4 to n by 1x1, each normalized; 64 to 32, 32 to 32, 32 to classes."""

    def step(m, n):
        return m * m // 4 + 9 * (m // 4) ** 2 + m // 4 * n + 2 * (m // 4 + m // 4 + n)

    steps = step(512, 256) + step(256, 128) + step(128, 64) + step(64, 64)
    final = 9 * 64 * 32 + 2 * 32 + 9 * 32 * 32 + 2 * 32 + 4 * 32 * 21 + 21
    assert sum(p.numel() for p in LinkNetDecoder().parameters()) == steps + final


def test_maps_finer_than_a_quarter_are_not_used():
    head = small((2, 4, 8), (2, 4, 8))
    given = features(((32, 32), (16, 16), (8, 8)), (2, 4, 8))
    assert torch.equal(head(given), head([given[0] + 1.0, *given[1:]]))
    assert not torch.allclose(head(given), head([given[0], given[1] + 1.0, given[2]]))


def test_a_step_between_maps_of_one_stride_does_not_double():
    head = small((4, 8, 8), (4, 8, 8))
    assert [any(isinstance(m, ConvTranspose2d) for m in step) for step in head.up] == [False, True, False]
    assert head(features(((8, 8), (4, 4), (4, 4)), (4, 8, 8))).shape == (1, 3, 32, 32)


def test_one_map_is_enough():
    assert small((4,), (8,)).output_stride == 2
    assert small((4,), (8,))(features(((5, 3),), (4,))).shape == (1, 3, 20, 12)


def test_maps_that_are_all_too_fine_are_refused():
    with pytest.raises(ValueError, match=r"^LinkNetDecoder: no map has a stride of 4 or more, got strides \(1, 2\)$"):
        small((4, 8), (1, 2))
