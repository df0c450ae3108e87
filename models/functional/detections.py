"""From the boxes and scores of a detector to its detections: the best ones, and of those that overlap the best."""

import mcore.functional as F
from mcore.tensor import Tensor


def select_detections(
    boxes: Tensor,
    scores: Tensor,
    *,
    score_threshold: float = 0.05,
    iou_threshold: float = 0.5,
    candidates: int = 1000,
    max_output: int = 100,
) -> dict[str, Tensor]:
    """Detections of one image, by falling score; how many there are is fixed, so that a graph can hold them.

    Each class of a box is a candidate of its own, and only boxes of the same class suppress one another.

    Args:
        boxes: ``(K, 4)``: left, top, right and bottom.
        scores: ``(K, classes)``.
        score_threshold: what is not above it is no detection.
        iou_threshold: boxes that overlap a better one of their class by more are left out; 1 keeps all.
        candidates: how many of the best scores are considered.
        max_output: detections that it gives.

    Returns:
        ``boxes`` of ``(max_output, 4)``, ``scores`` and ``labels`` of ``(max_output,)``; where there are fewer detections, the
        label is -1 and the others are 0.
    """
    classes = scores.shape[1]
    # Rows of nothing, so that there are always enough to choose from and sizes need no test.
    boxes = F.pad(boxes, (0, 0, 0, candidates))
    flat = F.flatten(F.pad(scores, (0, 0, 0, candidates), value=-1.0))
    best, chosen = F.topk(flat, candidates)
    labels, found = F.remainder(chosen, classes), F.index_select(boxes, 0, F.floor_divide(chosen, classes))
    # Classes lie apart from one another, so that one pass serves all of them.
    apart = F.unsqueeze(labels, 1) * (F.amax(F.abs(boxes)) * 2 + 1)
    kept = F.nms(found + apart, best, iou_threshold, max_output=max_output)
    index = F.clamp(kept, min=0)
    best = F.index_select(best, 0, index)
    is_one = F.logical_and(F.ge(kept, 0), F.gt(best, score_threshold))
    return {
        "boxes": F.where(F.unsqueeze(is_one, 1), F.index_select(found, 0, index), 0.0),
        "scores": F.where(is_one, best, 0.0),
        "labels": F.where(is_one, F.index_select(labels, 0, index), -1),
    }
