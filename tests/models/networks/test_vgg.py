"""VGG classifiers: which of them normalizes."""

from models import BatchNorm2d
from models.backbones import VGG16
from models.networks import vgg16, vgg16_bn
from tests.models.references.reference import on_meta


def test_only_the_one_that_says_so_normalizes():
    assert not any(isinstance(m, BatchNorm2d) for m in on_meta(vgg16).modules())
    assert sum(isinstance(m, BatchNorm2d) for m in on_meta(vgg16_bn).modules()) == 13


def test_samples_of_a_classifier_are_its_backbone_s_but_one_of_its_native_size():
    (native, *rest), (_, *wanted) = on_meta(vgg16).sampling.sizes, on_meta(VGG16).sampling.sizes
    assert native == (224, 224)
    assert rest == wanted
    assert all(height // 32 != width // 32 > 1 for height, width in rest), "no deepest map is square, or one place"
