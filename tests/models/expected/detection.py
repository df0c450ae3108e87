"""Detectors, and their necks and heads: predictions in the order in which they are named."""

from tests.models.expected.forms import ceil

#: Strides of YOLO's scales, and what each predicts at a place: four numbers, an object and 80 classes for three anchors.
YOLO_STRIDES, YOLO_COLUMNS = (8, 16, 32), 255


def yolo(n, h, w):
    return [(n, YOLO_COLUMNS, ceil(h, s), ceil(w, s)) for s in YOLO_STRIDES]


def yolo_neck(n, h, w):
    return [(n, c, k * h, k * w) for c, k in zip((128, 256, 512), (4, 2, 1), strict=True)]


def yolo_head(n, h, w):
    return [(n, YOLO_COLUMNS, k * h, k * w) for k in (4, 2, 1)]


EXPECTED = {
    **dict.fromkeys(("YOLOv3", "YOLOv4"), yolo),
    **dict.fromkeys(("YOLOv3Neck", "YOLOv4Neck"), yolo_neck),
    **dict.fromkeys(("YOLOv3Head", "YOLOv4Head"), yolo_head),
}
