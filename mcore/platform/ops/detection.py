"""Selection among overlapping boxes, with a result of known size."""

from __future__ import annotations

import numpy as np

from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops.registry import Attribute, op
from mcore.platform.ops.rules import Size, check_equal, check_floating, check_not_negative, check_rank

#: Stands in the result of ``nms`` where there is no box.
NO_BOX = -1


def _infer_nms(
    boxes: TensorType, scores: TensorType, *, iou_threshold: float, max_output: Size | None
) -> tuple[TensorType, ...]:
    check_rank("boxes", boxes, 2)
    check_rank("scores", scores, 1)
    check_floating("boxes", boxes)
    check_floating("scores", scores)
    check_equal("the last dimension of boxes", boxes.shape[1], 4)
    check_equal("the number of scores", scores.shape[0], boxes.shape[0])
    if iou_threshold != iou_threshold:
        raise ShapeError("iou_threshold is NaN")
    count = boxes.shape[0] if max_output is None else max_output
    check_not_negative(max_output=[count])
    return (TensorType(DType.INT64, (count,)),)


@op(
    "nms",
    inputs=("boxes", "scores"),
    infer=_infer_nms,
    attributes=(Attribute("iou_threshold", "float"), Attribute("max_output", "size?", None)),
)
def nms(boxes: np.ndarray, scores: np.ndarray, *, iou_threshold: float, max_output: int | None) -> np.ndarray:
    """Indices of the boxes (K, 4), as x1, y1, x2, y2, that overlap no better one by more than ``iou_threshold``.

    By falling score, of equal ones the lower index first, as ``torchvision.ops.nms`` has them. How many there are depends on
    the data, the shape must not: the result is (``max_output``,), or (K,) without it. It holds the best of them, and -1 where
    there are no more.
    """
    count = len(boxes) if max_output is None else max_output
    result = np.full(count, NO_BOX, np.int64)
    boxes = boxes.astype(np.promote_types(boxes.dtype, np.float32), copy=False)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.argsort(-scores, kind="stable")
    for place in range(count):
        if not left.size:
            break
        best, left = left[0], left[1:]
        result[place] = best
        corner = np.maximum(boxes[best, :2], boxes[left, :2])
        sides = np.maximum(np.minimum(boxes[best, 2:], boxes[left, 2:]) - corner, 0)
        shared = sides[:, 0] * sides[:, 1]
        left = left[~(shared / (areas[best] + areas[left] - shared) > iou_threshold)]
    return result
