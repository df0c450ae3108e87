"""Where the logits of detectors start."""

import pytest
import torch

from models.heads import CenterNetHead, FCOSHead, RetinaNetHead, YOLOXHead
from models.heads.detection import logit_of_prior


@pytest.mark.parametrize("prior", [0.01, 0.1, 0.5])
def test_the_logit_is_that_of_the_likelihood(prior):
    assert torch.tensor(logit_of_prior(prior)).sigmoid().item() == pytest.approx(prior)


@pytest.mark.parametrize(
    ("head", "name", "prior"),
    [
        (CenterNetHead, "hm.2.bias", 0.1),
        (FCOSHead, "classification_head.cls_logits.bias", 0.01),
        (RetinaNetHead, "classification_head.cls_logits.bias", 0.01),
        (YOLOXHead, "cls_preds.0.bias", 0.01),
        (YOLOXHead, "obj_preds.2.bias", 0.01),
    ],
)
def test_objects_are_unlikely_before_training(head, name, prior):
    biases = head().state_dict()[name]
    torch.testing.assert_close(biases.sigmoid(), torch.full_like(biases, prior))
