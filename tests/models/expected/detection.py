"""Detectors, and their necks and heads: predictions in the order in which they are named."""

from tests.models.expected.forms import ceil, features, map_of

#: Strides of YOLO's scales, and what each predicts at a place: four numbers, an object and 80 classes for three anchors.
YOLO_STRIDES, YOLO_COLUMNS = (8, 16, 32), 255


def yolo(n, h, w):
    return [(n, YOLO_COLUMNS, ceil(h, s), ceil(w, s)) for s in YOLO_STRIDES]


def yolo_neck(n, h, w):
    return [(n, c, k * h, k * w) for c, k in zip((128, 256, 512), (4, 2, 1), strict=True)]


def yolo_head(n, h, w):
    return [(n, YOLO_COLUMNS, k * h, k * w) for k in (4, 2, 1)]


def pyramid(h, w):
    """Of a head on five maps from stride 8 on: how many rows, at ``(h, w)`` of the coarsest."""
    return sum((k * h) * (k * w) for k in (16, 8, 4, 2, 1))


def places(h, w):
    """Of a network on five maps from stride 8 on."""
    return sum(ceil(h, s) * ceil(w, s) for s in (8, 16, 32, 64, 128))


def retinanet(count):
    return lambda n, h, w: [(n, 9 * count(h, w), columns) for columns in (91, 4)]


def fcos(count):
    return lambda n, h, w: [(n, count(h, w), columns) for columns in (91, 4, 1)]


def retinanet_fpn(n, h, w):
    finer = [(n, 256, k * h, k * w) for k in (4, 2, 1)]
    return [*finer, (n, 256, ceil(h, 2), ceil(w, 2)), (n, 256, ceil(h, 4), ceil(w, 4))]


#: Default boxes at each place of SSD's maps.
SSD_BOXES = (4, 6, 6, 6, 4, 4)


def ssd_maps(size):
    """Of SSD300 along one side."""
    finest = ceil(size // 2 // 2, 2)
    sixteenth = finest // 2
    last = ceil(ceil(sixteenth, 2), 2)
    return finest, sixteenth, ceil(sixteenth, 2), last, last - 2, last - 4


def ssd(n, h, w):
    count = sum(a * rows * columns for a, rows, columns in zip(SSD_BOXES, ssd_maps(h), ssd_maps(w), strict=True))
    return [(n, count, 91), (n, count, 4)]


def ssd_head(n, h, w):
    count = sum(a * k * h * k * w for a, k in zip(SSD_BOXES, (8, 4, 2, 1, 1, 1), strict=True))
    return [(n, count, 91), (n, count, 4)]


EXPECTED = {
    "YOLOXSmall": lambda n, h, w: [(n, 85, ceil(h, s), ceil(w, s)) for s in YOLO_STRIDES],
    "YOLOXHead": lambda n, h, w: [(n, 85, k * h, k * w) for k in (4, 2, 1)],
    "YOLOXNeck": yolo_neck,
    "CSPDarknet": features((64, 128, 256, 512), (4, 8, 16, 32)),
    "CSPLayer": map_of(64),
    "SSD300": ssd,
    "SSDHead": ssd_head,
    "CenterNet": lambda n, h, w: [(n, c, h // 4, w // 4) for c in (80, 2, 2)],
    "CenterNetHead": lambda n, h, w: [(n, c, h, w) for c in (80, 2, 2)],
    "DeconvNeck": lambda n, h, w: [(n, 256, 8 * h, 8 * w)],
    "RetinaNet": retinanet(places),
    "RetinaNetHead": retinanet(pyramid),
    "RetinaNetFPN": retinanet_fpn,
    "FCOS": fcos(places),
    "FCOSHead": fcos(pyramid),
    **dict.fromkeys(("YOLOv3", "YOLOv4"), yolo),
    **dict.fromkeys(("YOLOv3Neck", "YOLOv4Neck"), yolo_neck),
    **dict.fromkeys(("YOLOv3Head", "YOLOv4Head"), yolo_head),
}
