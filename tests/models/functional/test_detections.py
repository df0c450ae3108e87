"""Selection of detections, against its definition one box after another, and on both backends."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from mcore.convert import capture
from mcore.module import Module
from mcore.platform.runtime import Program
from mcore.sampling import H, Input, Sampling
from models.functional import select_detections
from tests.models.catalogue import ROOT

OPTIONS = {"score_threshold": 0.3, "iou_threshold": 0.4, "candidates": 60, "max_output": 12}


def some(count, classes=3, seed=0):
    """Boxes that overlap often, and scores."""
    generator = torch.Generator().manual_seed(seed)
    corner = 40 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([corner, corner + 5 + 25 * torch.rand(count, 2, generator=generator)], dim=1)
    return boxes, torch.rand(count, classes, generator=generator)


def overlap(a, b):
    """Intersection over union, as the VOC challenge defines it."""
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    shared = max(right - left, 0) * max(bottom - top, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def defined(boxes, scores, *, score_threshold, iou_threshold, candidates, max_output):
    """Box, score and label of each detection, by the definition: the best that is left, unless a better one overlaps it."""
    every = [(float(s), row, label) for row, line in enumerate(scores) for label, s in enumerate(line)]
    kept = []
    for score, row, label in sorted(every, reverse=True)[:candidates]:
        box = boxes[row].tolist()
        if score > score_threshold and not any(k[2] == label and overlap(k[0], box) > iou_threshold for k in kept):
            kept.append((box, score, label))
    return kept[:max_output]


@pytest.mark.parametrize(
    "options", [{}, {"iou_threshold": 1.0}, {"candidates": 7}, {"max_output": 500}, {"score_threshold": 0.95}]
)
@pytest.mark.parametrize("count", [1, 2, 40])
def test_it_is_what_the_definition_says(count, options):
    options = OPTIONS | options
    boxes, scores = some(count)
    found, expected = select_detections(boxes, scores, **options), defined(boxes, scores, **options)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "boxes": (options["max_output"], 4),
        "scores": (options["max_output"],),
        "labels": (options["max_output"],),
    }
    number = len(expected)
    assert found["labels"].tolist() == [label for _, _, label in expected] + [-1] * (options["max_output"] - number)
    assert found["boxes"][:number].tolist() == [box for box, _, _ in expected]
    assert found["scores"][:number].tolist() == [score for _, score, _ in expected]
    assert not found["boxes"][number:].any()
    assert not found["scores"][number:].any()


def test_boxes_of_different_classes_do_not_suppress_one_another():
    boxes = torch.tensor([[-8.0, -8.0, 0.0, 0.0], [-8.0, -8.0, 0.0, 0.0]])
    scores = torch.tensor([[0.9, 0.0], [0.8, 0.7]])
    found = select_detections(boxes, scores, **OPTIONS)
    assert found["labels"][:3].tolist() == [0, 1, -1]
    assert found["scores"][:2].tolist() == pytest.approx([0.9, 0.7])


class Selection(Module):
    def forward(self, boxes, scores):
        return select_detections(boxes, scores, **OPTIONS)


def test_one_graph_holds_it_for_any_number_of_boxes():
    sampling = Sampling((Input("boxes", (H, 4)), Input("scores", (H, 3))), ((9, 9), (33, 33), (12, 12)), minimum=2)
    captured = capture(Selection(), sampling)
    assert captured.report.guards == ()
    for count in (2, 50):
        boxes, scores = some(count)
        inputs = {"boxes": boxes.numpy(), "scores": scores.numpy()}
        shapes = {name: array.shape for name, array in inputs.items()}
        found = Program(captured.graph, captured.weights, shapes).run(inputs)
        for name, expected in select_detections(boxes, scores, **OPTIONS).items():
            np.testing.assert_array_equal(found[name], expected.numpy())


def test_the_platform_selects_the_same():
    script = """
import json, os, sys
os.environ["MCORE_BACKEND"] = "platform"
sys.modules["torch"] = None
from mcore.tensor import tensor
from models.functional import select_detections
boxes, scores, options = json.load(sys.stdin)
found = select_detections(tensor(boxes), tensor(scores), **options)
print(json.dumps({name: value.numpy().tolist() for name, value in found.items()}))
"""
    boxes, scores = some(40)
    said = json.dumps([boxes.tolist(), scores.tolist(), OPTIONS])
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, input=said, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = {name: value.tolist() for name, value in select_detections(boxes, scores, **OPTIONS).items()}
    assert json.loads(done.stdout) == expected
