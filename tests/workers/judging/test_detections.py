"""Detections are matched as a set: their order does not matter, and whatever else differs does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.functional import select_detections
from tests.workers.policies import FP32
from workers.judging.compare import compare_outputs
from workers.judging.detections import in_golden_order, overlaps, sets_of
from workers.outcome import Outcome

Outputs = dict[str, np.ndarray]


def detections(count: int = 6, found: int = 4, *, seed: int = 0, prefix: str = "", batch: int | None = None) -> Outputs:
    """``found`` detections by falling score, and nothing in the rows behind them."""
    random = np.random.default_rng(seed)
    shape = (batch or 1, count)
    corner = random.uniform(0, 100, (*shape, 2))
    boxes = np.concatenate([corner, corner + random.uniform(20, 60, (*shape, 2))], -1).astype(np.float32)
    scores = -np.sort(-random.uniform(0.1, 1, shape)).astype(np.float32)
    labels = random.integers(0, 3, shape)
    boxes[:, found:], scores[:, found:], labels[:, found:] = 0, 0, -1
    parts = {"boxes": boxes, "scores": scores, "labels": labels}
    return {f"{prefix}{name}": part if batch else part[0] for name, part in parts.items()}


def outcome(value: Outputs, golden: Outputs) -> Outcome:
    return compare_outputs(in_golden_order(value, golden), golden, FP32).outcome


def changed(made: Outputs, name: str, row: int, value: Any) -> Outputs:
    new = {key: part.copy() for key, part in made.items()}
    new[name][row] = value
    return new


@given(st.permutations(range(6)), st.integers(0, 6), st.integers(0, 5))
def test_the_order_does_not_matter(order: list[int], found: int, seed: int) -> None:
    golden = detections(found=found, seed=seed)
    shuffled = {name: part[order] for name, part in golden.items()}
    for name, part in in_golden_order(shuffled, golden).items():
        np.testing.assert_array_equal(part, golden[name])


@given(st.permutations(range(6)), st.integers(0, 5))
def test_a_rounding_of_boxes_and_scores_passes_in_any_order(order: list[int], seed: int) -> None:
    golden = detections(found=6, seed=seed)
    noise = np.random.default_rng(seed).uniform(-1e-5, 1e-5, 6).astype(np.float32)
    value = {
        "boxes": (golden["boxes"] * (1 + noise[:, None]))[order],
        "scores": (golden["scores"] * (1 + noise))[order],
        "labels": golden["labels"][order],
    }
    assert outcome(value, golden) is Outcome.PASS


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("boxes", 1, [0, 0, 1, 1]),
        ("scores", 1, 0.09),
        ("labels", 1, 7),
        ("labels", 1, -1),
        ("labels", 5, 1),
    ],
)
def test_another_box_score_or_class_a_lost_and_a_new_detection_fail(name: str, row: int, value: Any) -> None:
    golden = detections()
    assert outcome(changed(golden, name, row, value), golden) is Outcome.MISMATCH


def test_a_box_that_is_a_little_off_fails_by_the_gates_though_it_has_its_partner() -> None:
    golden = detections()
    assert outcome(changed(golden, "boxes", 1, golden["boxes"][1] + 2), golden) is Outcome.MISMATCH


def test_a_partner_of_another_class_is_none_however_well_it_overlaps() -> None:
    golden = detections(found=2, seed=3)
    golden["boxes"][1] = golden["boxes"][0]
    golden["labels"][:2] = 0, 1
    swapped = {**golden, "labels": golden["labels"][[1, 0, 2, 3, 4, 5]]}
    assert outcome(swapped, golden) is Outcome.MISMATCH, "each has the score of the other"


def test_of_the_same_boxes_the_scores_tell_which_is_which() -> None:
    golden = detections(found=3, seed=1)
    golden["boxes"][:3], golden["labels"][:3] = golden["boxes"][0], 2
    assert outcome({name: part[[2, 0, 1, 3, 4, 5]] for name, part in golden.items()}, golden) is Outcome.PASS


class TestAtTheCut:
    """Of two candidates with one score, the last place is either's."""

    def test_another_box_with_the_score_of_the_last_is_excused(self) -> None:
        golden = detections(found=6)
        value = changed(changed(golden, "boxes", 5, [300, 300, 330, 350]), "scores", 5, golden["scores"][5] * 1.00001)
        assert outcome(value, golden) is Outcome.PASS

    def test_but_not_with_another_score(self) -> None:
        golden = detections(found=6)
        value = changed(changed(golden, "boxes", 5, [300, 300, 330, 350]), "scores", 5, golden["scores"][5] * 0.9)
        assert outcome(value, golden) is Outcome.MISMATCH

    def test_nor_in_any_other_place(self) -> None:
        golden = detections(found=6)
        assert outcome(changed(golden, "boxes", 2, [300, 300, 330, 350]), golden) is Outcome.MISMATCH

    def test_the_last_one_may_be_missing_and_one_more_like_it_may_be_there(self) -> None:
        golden = detections(found=4)
        one_less = changed(changed(changed(golden, "boxes", 3, 0), "scores", 3, 0), "labels", 3, -1)
        assert outcome(one_less, golden) is Outcome.PASS
        one_more = changed(changed(changed(golden, "boxes", 4, 9), "scores", 4, golden["scores"][3]), "labels", 4, 0)
        assert outcome(one_more, golden) is Outcome.PASS


def test_images_of_a_batch_and_sets_behind_prefixes_are_matched_apart() -> None:
    golden = detections(batch=2) | detections(prefix="small.", seed=4) | {"map": np.ones(3, np.float32)}
    assert sets_of(golden) == [("boxes", "scores", "labels"), ("small.boxes", "small.scores", "small.labels")]
    value = {name: part.copy() for name, part in golden.items()}
    for name in ("boxes", "scores", "labels"):
        value[name][1] = value[name][1][::-1]
        value[f"small.{name}"] = value[f"small.{name}"][::-1]
    assert outcome(value, golden) is Outcome.PASS
    for name in ("boxes", "scores", "labels"):
        value[name] = value[name][::-1]
    assert outcome(value, golden) is Outcome.MISMATCH, "an image has the detections of the other"


@pytest.mark.parametrize(
    "outputs",
    [
        {"boxes": np.zeros((9, 4), np.float32), "scores": np.zeros((9, 80), np.float32)},
        {"boxes": np.zeros((9, 4), np.float32), "scores": np.zeros(9, np.float32), "labels": np.zeros(9, np.float32)},
        {"boxes": np.zeros((9, 5), np.float32), "scores": np.zeros(9, np.float32), "labels": np.zeros(9, np.int64)},
        {"boxes": np.zeros((9, 4), np.float32), "scores": np.zeros(8, np.float32), "labels": np.zeros(9, np.int64)},
    ],
)
def test_what_is_no_set_is_compared_by_position(outputs: Outputs) -> None:
    assert sets_of(outputs) == []
    assert in_golden_order(outputs, outputs) == outputs


def test_what_a_device_gives_in_another_shape_or_not_at_all_is_left_to_the_comparison() -> None:
    golden = detections()
    assert outcome({**golden, "boxes": golden["boxes"][:-1]}, golden) is Outcome.SHAPE_OR_DTYPE
    assert outcome({name: golden[name] for name in ("boxes", "scores")}, golden) is Outcome.SHAPE_OR_DTYPE


def test_values_that_are_not_finite_have_no_partner_and_fail() -> None:
    golden = detections()
    for bad in (np.nan, np.inf):
        assert outcome(changed(golden, "boxes", 0, bad), golden).group.value == "product"
        assert outcome(changed(golden, "scores", 0, bad), golden).group.value == "product"


BOX = st.tuples(*[st.floats(-50, 50, width=32)] * 4).map(lambda box: np.array(box, np.float32))


@given(BOX, st.lists(BOX, min_size=1, max_size=5))
def test_the_overlap_is_symmetric_and_a_share(one: np.ndarray, others: list[np.ndarray]) -> None:
    found = overlaps(one, np.stack(others))
    assert ((found >= 0) & (found <= 1)).all()
    for other, share in zip(others, found, strict=True):
        assert overlaps(other, one[None])[0] == share
        assert overlaps(one, one[None])[0] == 1


def test_the_overlap_by_hand() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [1, 1, 1, 1], [0, 0, np.nan, 1]], np.float32)
    np.testing.assert_allclose(overlaps(boxes[0], boxes), [1, 1 / 7, 0, 0, 0])


def test_what_the_models_select_is_such_a_set() -> None:
    """The names and shapes are a contract between the two packages."""
    random = np.random.default_rng(0)
    boxes = torch.from_numpy(np.sort(random.uniform(0, 50, (9, 4)), axis=1).astype(np.float32))
    scores = torch.from_numpy(random.uniform(0, 1, (9, 3)).astype(np.float32))
    made = {name: part.numpy() for name, part in select_detections(boxes, scores, max_output=5).items()}
    assert sets_of(made) == [("boxes", "scores", "labels")]
