"""An architecture says its kind, task, papers and inputs in one place."""

from mcore.sampling import Sampling
from models.networks import FCNResNet50, UNet, resnet18
from models.networks.assembly import assemble
from models.utils import metadata


def test_an_atomic_network():
    said = metadata(UNet(width=4, depth=1))
    assert (said.name, said.kind, said.task) == ("UNet", "network", "segmentation")
    assert said.papers == ("https://arxiv.org/abs/1505.04597",)
    assert said.sampling.inputs[0].name == "x"


def test_a_classifier_is_a_network_though_it_is_its_backbone_too():
    said = metadata(resnet18())
    assert (said.kind, said.task) == ("network", "classification")
    assert said.sampling == Sampling.image(3)


def test_an_assembly_has_the_task_of_its_head():
    assert metadata(assemble(backbone="ResNet18", head="UNetDecoder")).task == "segmentation"


def test_papers_come_in_order_each_once():
    papers = metadata(FCNResNet50()).papers
    assert papers == ("https://arxiv.org/abs/1411.4038", "https://arxiv.org/abs/1505.04597")
