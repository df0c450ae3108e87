"""Networks of the catalogue by name, with the size that they are made for."""

import pytest
import torch

import mcore
from benchmarks.thirdparty import packages
from benchmarks.thirdparty.build import build
from tests.servers import NOT_INSTALLED, missing

BUILT = [
    ("classification:squeezenet1_1", (224, 224), 1_235_496),
    ("classification:inception_v3", (299, 299), 27_161_264),
    ("segmentation:lraspp_mobilenet_v3_large", (520, 520), 3_221_538),
    ("backbone:mobilenet_v3_large_fpn", (224, 224), 4_414_944),
    ("backbone:squeezenet1_1_features", (224, 224), 722_496),
    ("timm:tinynet_e", (106, 106), 2_042_972),
]


@pytest.fixture(scope="module", autouse=True)
def _installed():
    try:
        packages.timm()
    except ImportError:
        missing("torchvision or timm", NOT_INSTALLED)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("architecture", "native", "parameters"), BUILT)
def test_it_is_the_network_of_that_name(architecture, native, parameters):
    network, found = build(architecture)
    assert found == native
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert isinstance(network, mcore.Module)


@pytest.mark.filterwarnings("ignore")
def test_stages_come_by_name_from_the_image_on():
    network, _ = build("backbone:regnet_y_400mf_trunk")
    with torch.no_grad():
        (features,) = network.eval()(torch.zeros(1, 3, 64, 96)).values()
    assert features.shape == (1, 440, 2, 3)


@pytest.mark.filterwarnings("ignore")
def test_heads_of_a_detector_are_what_it_computes_before_it_chooses_boxes():
    network, native = build("detection:ssdlite320_mobilenet_v3_large_heads")
    assert native == (320, 320)
    with torch.no_grad():
        said = network.eval()(torch.zeros(1, 3, 320, 320))
    assert said["cls_logits"].shape[1] == said["bbox_regression"].shape[1] == 3234
