import pytest

from models.utils import FEATURE_SIZES, MAP_SIZES, SEGMENTATION_SIZES


@pytest.mark.parametrize("sizes", [FEATURE_SIZES, MAP_SIZES, SEGMENTATION_SIZES])
def test_each_set_has_three_sizes_one_not_square_and_one_odd(sizes):
    assert len(set(sizes)) >= 3
    assert any(h != w for h, w in sizes)
    assert any(h % 2 and w % 2 for h, w in sizes)
