"""Selection among overlapping boxes on the torch backend, with the Platform's result of known size."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, max_output: int | None = None) -> Tensor:
    """Indices of the boxes (K, 4), as x1, y1, x2, y2, that overlap no better one by more than ``iou_threshold``.

    The indices and their order are those of ``torchvision.ops.nms``. Their number depends on the data; so that a graph can
    hold it, the result is (``max_output``,), or (K,) without it, with the best of them, and -1 where there are no more. To a
    tracer it is one function, as torch's own are.
    """
    if has_torch_function((boxes, scores)):
        found: Tensor = handle_torch_function(
            nms, (boxes, scores), boxes, scores, iou_threshold=iou_threshold, max_output=max_output
        )
        return found
    count = boxes.shape[0] if max_output is None else max_output
    result = torch.full((count,), -1, dtype=torch.int64, device=boxes.device)
    boxes = boxes.to(torch.promote_types(boxes.dtype, torch.float32))
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = torch.argsort(scores, descending=True, stable=True)
    for place in range(count):
        if not left.numel():
            break
        best, left = left[0], left[1:]
        result[place] = best
        corner = torch.maximum(boxes[best, :2], boxes[left, :2])
        sides = (torch.minimum(boxes[best, 2:], boxes[left, 2:]) - corner).clamp(min=0)
        shared = sides[:, 0] * sides[:, 1]
        left = left[~(shared / (areas[best] + areas[left] - shared) > iou_threshold)]
    return result
