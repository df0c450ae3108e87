"""What the heads of detectors promise, and where their logits start."""

import math

from mcore.tensor import Tensor
from models.heads.base import Head

#: How likely an object is at a place: few have one.
PRIOR = 0.01


class DetectionHead(Head):
    """Feature maps in, predictions for each place out: raw ones by name, or boxes; subclasses set and define what is below.

    What it gives is a dict: what :meth:`predict` says, or, where ``decoded`` is set, ``boxes`` of ``(N, K, 4)``, which are
    left, top, right and bottom in pixels of the image, and ``scores`` of ``(N, K, num_classes)`` from 0 to 1. Which of them are
    objects is chosen by :func:`models.functional.select_detections`.

    ``strides`` are those of the maps that predict, ``anchors`` for each of them the widths and heights in pixels that boxes
    are told relative to, none where boxes are told without.
    """

    task = "detection"
    num_classes: int
    strides: tuple[int, ...]
    anchors: tuple[tuple[tuple[float, float], ...], ...] = ()
    decoded: bool

    def predict(self, features: list[Tensor]) -> dict[str, Tensor]:
        """Raw predictions by name."""
        raise NotImplementedError

    def decode(self, predictions: dict[str, Tensor], features: list[Tensor]) -> dict[str, Tensor]:
        """Boxes and scores of raw predictions; of the features, which they were made of, nothing but the sizes is used."""
        raise NotImplementedError

    def forward(self, features: list[Tensor]) -> dict[str, Tensor]:
        predictions = self.predict(features)
        return self.decode(predictions, features) if self.decoded else predictions


def logit_of_prior(prior: float = PRIOR) -> float:
    """Where logits start, so that each place is as likely to have an object as it is before training."""
    return -math.log((1 - prior) / prior)
