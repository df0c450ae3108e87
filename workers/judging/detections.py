"""Detections are a set: boxes are matched by overlap, class and score, whatever their positions.

A network says that it gives detections by the names of its outputs: ``boxes`` of ``(..., K, 4)`` (left, top, right, bottom),
``scores`` and integer ``labels`` of ``(..., K)``, a label below 0 where there is no detection; the same names behind one prefix
and a dot for several sets. That is what :func:`models.functional.select_detections` gives. Boxes and scores without labels, one
row for each place of the image, are no set and are compared by position.

What a device gives is put in the golden's order, and is compared as any output then: so every rule and figure holds for
detections too, and a box that has no partner fails as a wrong label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

#: Boxes that overlap less are never the same object.
LEAST_IOU = 0.5
#: Detections whose score is this near to the lowest that the golden keeps, relative to its best, stand at the cut: rounding
#: decides which of them are kept.
AT_THE_CUT = 1e-3

Arrays = Mapping[str, np.ndarray]
_PARTS = ("boxes", "scores", "labels")


def in_golden_order(outputs: Arrays, goldens: Arrays) -> dict[str, np.ndarray]:
    """``outputs`` with the rows of each set of detections where the golden has their partners.

    Detections at the cut that only one side has are excused: the golden's take their place, but for the score where both sides
    have one.
    """
    ordered = dict(outputs)
    for names in sets_of(goldens):
        found = [outputs.get(name) for name in names]
        golden = [goldens[name] for name in names]
        if all(a is not None and a.shape == b.shape for a, b in zip(found, golden, strict=True)):
            ordered |= zip(names, _ordered([a for a in found if a is not None], golden), strict=True)
    return ordered


def sets_of(arrays: Arrays) -> list[tuple[str, ...]]:
    """The names of boxes, scores and labels of each set of detections among ``arrays``."""
    found = []
    for name in arrays:
        prefix, dot, last = name.rpartition(".")
        if last == _PARTS[0]:
            names = tuple(f"{prefix}{dot}{part}" for part in _PARTS)
            if all(other in arrays for other in names) and _are_detections(*(arrays[other] for other in names)):
                found.append(names)
    return found


def _are_detections(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> bool:
    fits = boxes.ndim > 1 and boxes.shape[-1] == 4 and boxes.shape[:-1] == scores.shape == labels.shape
    return fits and boxes.dtype.kind == scores.dtype.kind == "f" and labels.dtype.kind == "i"


def _ordered(found: list[np.ndarray], golden: list[np.ndarray]) -> Iterable[np.ndarray]:
    count = golden[1].shape[-1]
    made = [np.array(part).reshape(-1, count, *part.shape[golden[1].ndim :]) for part in found]
    for index in range(len(made[1])):
        theirs = [part.reshape(-1, count, *part.shape[golden[1].ndim :])[index] for part in golden]
        for part, rows in zip(made, _ordered_image([part[index] for part in made], theirs), strict=True):
            part[index] = rows
    return [part.reshape(whole.shape) for part, whole in zip(made, found, strict=True)]


def _ordered_image(found: list[np.ndarray], golden: list[np.ndarray]) -> list[np.ndarray]:
    boxes, scores, labels = found
    partner = _partners(found, golden)
    spare = [j for j in range(len(scores)) if j not in partner.values()]
    # First those that are something: they must not be lost behind what is nothing.
    spare.sort(key=lambda j: (labels[j] < 0, j))
    alone = [i for i in range(len(scores)) if i not in partner]
    alone.sort(key=lambda i: (golden[2][i] < 0, i))
    order = partner | dict(zip(alone, spare, strict=True))
    rows = np.array([order[i] for i in range(len(scores))], np.intp)
    made = [boxes[rows].copy(), scores[rows].copy(), labels[rows].copy()]
    _excuse(made, golden, alone)
    return made


def _partners(found: list[np.ndarray], golden: list[np.ndarray]) -> dict[int, int]:
    """Golden detection to found one: the best first, each with the one of its class that overlaps most, then by score."""
    free = found[2] >= 0
    partner: dict[int, int] = {}
    for i in sorted(np.flatnonzero(golden[2] >= 0), key=lambda i: -golden[1][i]):
        near = np.flatnonzero(free & (found[2] == golden[2][i]))
        overlap = overlaps(golden[0][i], found[0][near])
        near, overlap = near[overlap >= LEAST_IOU], overlap[overlap >= LEAST_IOU]
        if len(near):
            apart = np.abs(found[1][near].astype(np.float64) - float(golden[1][i]))
            best = int(near[np.lexsort((near, apart, -np.round(overlap, 6)))[0]])
            partner[int(i)] = best
            free[best] = False
    return partner


def _excuse(made: list[np.ndarray], golden: list[np.ndarray], alone: Iterable[int]) -> None:
    is_one = golden[2] >= 0
    if not is_one.any():
        return
    lowest = golden[1][is_one].min()
    near = AT_THE_CUT * np.abs(golden[1][is_one]).max()
    for i in alone:
        theirs, ours = is_one[i], made[2][i] >= 0
        cut = [score for score, there in ((golden[1][i], theirs), (made[1][i], ours)) if there]
        if cut and all(abs(score - lowest) <= near for score in cut):
            made[0][i], made[2][i] = golden[0][i], golden[2][i]
            if not (theirs and ours):
                made[1][i] = golden[1][i]


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union with each of ``boxes``; 1 for equal ones, of no area too, and 0 where anything is not finite."""
    a, b = box.astype(np.float64), boxes.astype(np.float64)
    with np.errstate(all="ignore"):
        inner = np.prod(np.clip(np.minimum(a[2:], b[:, 2:]) - np.maximum(a[:2], b[:, :2]), 0, None), axis=1)
        union = _area(a[None]) + _area(b) - inner
        share = np.where(union > 0, inner / union, 0.0)
    share = np.where(np.isfinite(share), share, 0.0)
    return np.where((b == a).all(axis=1), 1.0, share)


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))
