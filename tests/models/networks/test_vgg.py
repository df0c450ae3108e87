"""VGG classifiers: which of them normalizes."""

from models import BatchNorm2d
from models.networks import vgg16, vgg16_bn
from tests.models.references.reference import on_meta


def test_only_the_one_that_says_so_normalizes():
    assert not any(isinstance(m, BatchNorm2d) for m in on_meta(vgg16).modules())
    assert sum(isinstance(m, BatchNorm2d) for m in on_meta(vgg16_bn).modules()) == 13
