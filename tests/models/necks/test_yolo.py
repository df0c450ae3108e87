"""The necks of the YOLOs: what they refuse; what they compute is tested by the networks."""

import pytest

from models.necks import YOLOv3Neck, YOLOv4Neck
from tests.models.features import features


@pytest.mark.parametrize("neck", [YOLOv3Neck, YOLOv4Neck])
def test_levels_may_be_fewer_and_maps_of_odd_sizes(neck):
    made = neck(in_channels=(8, 16, 32, 64), in_strides=(4, 8, 16, 32), levels=2)
    assert (made.channels, made.strides) == ((16, 32), (16, 32))
    maps = made(features([(20, 36), (10, 18), (5, 9), (3, 5)], (8, 16, 32, 64), batch=2))
    assert [tuple(m.shape) for m in maps] == [(2, 16, 5, 9), (2, 32, 3, 5)]


@pytest.mark.parametrize("neck", [YOLOv3Neck, YOLOv4Neck])
def test_more_levels_than_features_are_refused(neck):
    with pytest.raises(ValueError, match=rf"^{neck.__name__}: 3 levels cannot be made of 2 features$"):
        neck(in_channels=(8, 16), in_strides=(8, 16))


def test_strides_that_do_not_double_are_refused():
    with pytest.raises(
        ValueError, match=r"^YOLOv4Neck: each stride is twice the one before, got strides \(8, 16, 64\)$"
    ):
        YOLOv4Neck(in_channels=(8, 16, 32), in_strides=(8, 16, 64))


def test_even_windows_are_refused():
    with pytest.raises(ValueError, match=r"^YOLOv4Neck: windows are odd, so that the map keeps its size, got \(4,\)$"):
        YOLOv4Neck(windows=(4,))
