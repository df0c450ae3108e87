"""torchvision's detectors beside ours: the same weights, what their parts compute, and the boxes by their definitions."""

import torch

from tests.models.catalogue import load_weights
from tests.models.references import REFERENCES
from tests.models.torchvision_reference import torchvision


def pair(cls, **options):
    """torchvision's network, and two of ours with its weights: one that gives raw predictions, one that gives boxes."""
    reference = REFERENCES[cls.__name__]
    theirs = reference.build()
    load_weights(theirs, torch.from_numpy)
    state = theirs.state_dict()
    renamed = {own: state[key] for key, own in reference.keys(list(state)).items()}
    ours = []
    for decoded in (False, True):
        model = cls(**reference.ours, **options, decoded=decoded).eval()
        model.load_state_dict(renamed)
        ours.append(model)
    return theirs, *ours


def predictions(theirs, x):
    """Raw predictions of torchvision's backbone and head, and its anchors for the first image."""
    package = torchvision()
    maps = list(theirs.backbone(x).values())
    images = package.models.detection.image_list.ImageList(x, [tuple(x.shape[-2:])] * len(x))
    return theirs.head(maps), theirs.anchor_generator(images, maps)[0]


def assert_near(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
