"""The heads of YOLOv3 and YOLOv4."""

import pytest
import torch

from models.heads import YOLOv3Head, YOLOv4Head


def test_a_centre_reaches_beyond_its_cell_by_the_stretch():
    """YOLOv4's centres lie within 1.2 cells, centred on the cell, where the paper has YOLOv3's within one."""
    for cls, least, most in ((YOLOv3Head, 0.0, 8.0), (YOLOv4Head, -0.8, 8.8)):
        head = cls(in_channels=(4, 4, 4), num_classes=1, decoded=True)
        maps = {f"stride_{s}": torch.zeros(1, 18, 1, 1) for s in (8, 16, 32)}
        maps["stride_8"][0, 0], maps["stride_8"][0, 1] = -50.0, 50.0
        left, top, right, bottom = head.decode(maps, [])["boxes"][0, 0].tolist()
        assert (left + right) / 2 == pytest.approx(least, abs=1e-5)
        assert (top + bottom) / 2 == pytest.approx(most, abs=1e-5)
        assert (right - left, bottom - top) == pytest.approx(head.anchors[0][0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"anchors": ()}, "3 features cannot have 0 scales of anchors"),
        ({"anchors": (((1, 1),),) * 4}, "3 features cannot have 4 scales of anchors"),
        ({"anchors": (((1, 1),), ((1, 1),) * 2, ((1, 1),))}, r"each scale has as many anchors, got \[1, 2, 1\]"),
        ({"stretch": (1.0,)}, r"3 scales need as many stretches, got \(1.0,\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(options, message):
    with pytest.raises(ValueError, match=f"^YOLOv3Head: {message}$"):
        YOLOv3Head(**options)
