"""Boxes."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.onnx.emitter import Emitter
from mcore.platform.onnx.table import NoForm, Value, writes
from mcore.platform.ops.detection import NO_BOX
from mcore.platform.ops.rules import Size


@writes("nms")
def _nms(e: Emitter, boxes: Value, scores: Value, *, iou_threshold: float, max_output: Size | None) -> str:
    """How many boxes are kept depends on the data there: the rest is filled up."""
    if not 0 <= iou_threshold <= 1:
        raise NoForm(f"iou_threshold {iou_threshold} is not within 0..1")
    count = boxes.shape[0] if max_output is None else max_output
    kept = e(
        "NonMaxSuppression",
        e("Unsqueeze", e.cast(boxes, DType.FLOAT32), e.ints([0])),
        e("Unsqueeze", e.cast(scores, DType.FLOAT32), e.ints([0, 1])),
        e.ints([count]),
        e("Unsqueeze", e.number(iou_threshold, DType.FLOAT32), e.ints([0])),
    )
    column = e.reshape(e.slice(kept, 1, 2, 3), (-1,))
    filled = e("Concat", column, e("Expand", e.number(NO_BOX, DType.INT64), e.ints([count])), axis=0)
    return e.slice(filled, 0, 0, count)
