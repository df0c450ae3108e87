"""Selection among overlapping boxes, against a plain reading of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.errors import ShapeError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry

from .parity import case, check, normal, whole

BOXES = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [10, 10, 12, 12], [1, 1, 5, 5], [10, 10, 12, 12]], np.float32)
SCORES = np.array([0.6, 0.9, 0.5, 0.8, 0.5], np.float32)


def drawn(count, seed=0):
    corners = np.abs(normal(count, 2, seed=seed)) * 10
    return np.concatenate([corners, corners + np.abs(normal(count, 2, seed=seed + 1)) * 8], 1)


CASES = [
    case("nms", BOXES, SCORES, iou_threshold=0.5),
    case("nms", BOXES, SCORES, iou_threshold=0.5, max_output=2),
    case("nms", BOXES, SCORES, iou_threshold=0.0, max_output=8),
    case("nms", drawn(40), normal(40), iou_threshold=0.3, symbolic=False),
    case("nms", drawn(40).astype("float16"), normal(40, dtype="float16"), iou_threshold=0.3, symbolic=False),
    case("nms", normal(0, 4), normal(0), iou_threshold=0.5),
    case("nms", normal(0, 4), normal(0), iou_threshold=0.5, max_output=3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_torch_backend_gives_the_same(case):
    check(case)


def kept(boxes, scores, threshold):
    """Indices by falling score, those left out that overlap one before them: pair by pair, in float64."""
    found = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(overlap(boxes[i], boxes[j]) <= threshold for j in found):
            found.append(i)
    return found


def overlap(a, b):
    a, b = a.astype(float), b.astype(float)
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@settings(max_examples=60)
@given(st.integers(0, 30), st.floats(0.05, 0.95), st.integers(0, 12), st.integers(0, 99))
def test_it_is_what_the_definition_says(count, threshold, most, seed):
    boxes, scores = drawn(count, seed), normal(count, seed=seed)
    wanted = kept(boxes, scores, threshold)
    op = registry.get("nms")
    (every,) = op.compute([boxes, scores], {"iou_threshold": threshold})
    assert every.tolist() == wanted + [-1] * (count - len(wanted))
    (some,) = op.compute([boxes, scores], {"iou_threshold": threshold, "max_output": most})
    assert some.tolist() == (wanted + [-1] * most)[:most]


def test_the_lower_index_comes_first_of_equal_scores():
    (result,) = registry.get("nms").compute([BOXES, np.ones(5, np.float32)], {"iou_threshold": 0.5})
    assert result.tolist() == [0, 2, 3, -1, -1]


def test_the_size_is_known_before_the_data():
    boxes, scores = TensorType(DType.FLOAT32, (symbol("H"), 4)), TensorType(DType.FLOAT32, (symbol("H"),))
    op = registry.get("nms")
    assert op.types([boxes, scores], {"iou_threshold": 0.5})[0] == TensorType(DType.INT64, (symbol("H"),))
    assert op.types([boxes, scores], {"iou_threshold": 0.5, "max_output": 100})[0].shape == (100,)


@pytest.mark.parametrize(
    ("inputs", "attributes", "message"),
    [
        ([BOXES[:, :3], SCORES], {}, "last dimension of boxes is 3, must be 4"),
        ([BOXES, SCORES[:3]], {}, "number of scores is 3, must be 5"),
        ([whole(5, 4), SCORES], {}, "boxes must be floating point"),
        ([BOXES, SCORES], {"iou_threshold": float("nan")}, "iou_threshold is NaN"),
        ([BOXES, SCORES], {"max_output": -1}, "max_output must not be negative"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(inputs, attributes, message):
    with pytest.raises(ShapeError, match=message):
        registry.get("nms").compute(inputs, {"iou_threshold": 0.5, **attributes})
