"""Networks made from configs: what they compute, what they say of themselves, and what is refused."""

import copy

import pytest
import torch

from mcore.platform.eager.constructor import rebuild
from mcore.sampling import Sampling
from models import SiLU
from models.networks.assembly import assemble
from models.networks.config import ConfigError
from models.networks.configured import ConfiguredNetwork
from tests.models.catalogue import load_weights

TWO = {
    "name": "TwoAnswers",
    "components": {
        "backbone": {"type": "ResNet18", "output_stride": 16, "act": "SiLU"},
        "gated": {"type": "SqueezeExcitation", "of": "backbone[1:]"},
        "pyramid": {"type": "fpn", "of": "gated", "out_channels": 16},
        "mask": {"type": "UNetDecoder", "of": "pyramid[:3]", "num_classes": 4, "widths": (8, 8)},
        "label": {"type": "ClassificationHead", "of": "backbone", "num_classes": 10},
    },
    "outputs": {"mask": "mask", "label": "label"},
}
IMAGE = torch.randn(2, 3, 65, 47, generator=torch.Generator().manual_seed(0))


def with_entry(component, **entry):
    config = copy.deepcopy(TWO)
    config["components"][component] = {**config["components"].get(component, {}), **entry}
    return config


def test_it_gives_the_outputs_that_it_names():
    network = ConfiguredNetwork(config=TWO).eval()
    with torch.no_grad():
        outputs = network(IMAGE)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {"mask": (2, 4, 65, 47), "label": (2, 10)}


def test_it_computes_what_the_assembly_of_its_parts_computes():
    plain = {
        "name": "Plain",
        "components": {
            "body": {"type": "ResNet18"},
            "pyramid": {"type": "FPN", "of": "body", "out_channels": 16},
            "mask": {"type": "UNetDecoder", "of": "pyramid", "widths": (16, 16, 8)},
        },
        "outputs": "mask",
    }
    network = ConfiguredNetwork(config=plain).eval()
    assembled = assemble(
        backbone="ResNet18",
        neck="FPN",
        head="UNetDecoder",
        neck_parameters={"out_channels": 16},
        head_parameters={"widths": (16, 16, 8)},
    ).eval()
    load_weights(assembled, torch.from_numpy)
    renamed = {"backbone": "components.body.0", "neck": "components.pyramid.0", "head": "components.mask.0"}
    state = assembled.state_dict()
    network.load_state_dict({renamed[k.partition(".")[0]] + "." + k.partition(".")[2]: v for k, v in state.items()})
    with torch.no_grad():
        assert torch.equal(network(IMAGE), assembled(IMAGE))


def test_it_says_its_parts_task_and_inputs():
    network = ConfiguredNetwork(config=TWO)
    assert network.parts == {"backbone": "ResNet18", "neck": "FPN", "head": "UNetDecoder+ClassificationHead"}
    assert network.task == "segmentation+classification"
    assert network.kind == "network"
    assert [i.name for i in network.sampling.inputs] == ["x"]


def test_a_parameter_that_is_a_class_is_a_base_layer_by_name():
    network = ConfiguredNetwork(config=TWO)
    assert sum(isinstance(m, SiLU) for m in network.components["backbone"].modules()) > 8


def test_attention_weights_each_map_by_itself():
    gates = ConfiguredNetwork(config=TWO).components["gated"]
    assert [gate.in_channels for gate in gates.values()] == [64, 128, 256, 512]


def test_it_is_built_again_from_its_record():
    network = ConfiguredNetwork(config=TWO)
    again = rebuild(network.constructor)
    assert again.constructor == network.constructor
    assert again.state_dict().keys() == network.state_dict().keys()


def test_it_converts_and_comes_back(tmp_path):
    config = with_entry("mask", of="pyramid", widths=(8, 8, 8))
    config["components"]["backbone"]["output_stride"] = 32
    network = ConfiguredNetwork(config=config).eval()
    folder = tmp_path / "bundle"
    network.toplatform(folder, sampling=Sampling.image(3, ((64, 64), (40, 56), (33, 47))), weights="calibrated")
    again = ConfiguredNetwork.fromplatform(folder)
    assert again.constructor == network.constructor


@pytest.mark.parametrize(
    ("component", "entry", "message"),
    [
        ("mask", {"type": "UNetDecodr"}, "components.mask.type: 'UNetDecodr' is no component class: did you mean UNetDecoder?"),
        ("mask", {"of": None}, "components.mask: UNetDecoder is a head and takes features; say of which component in 'of'"),
        ("backbone", {"of": "other"}, "components.backbone: ResNet18 is a backbone and takes the image; leave out 'of'"),
        ("mask", {"of": "label"}, "components.mask.of: label is a head and gives no features"),
        ("mask", {"of": "pyramid[7:]"}, "components.mask.of: pyramid[7:] are no maps; pyramid gives 4"),
        ("mask", {"classes": 3}, "components.mask.classes: UNetDecoder takes num_classes, widths, norm, act"),
        ("mask", {"in_channels": (3,)}, "components.mask.in_channels: UNetDecoder takes num_classes, widths, norm, act"),
        ("backbone", {"act": "Silly"}, "components.backbone.act: 'Silly' is no base layer: did you mean SiLU?"),
        ("backbone", {"output_stride": 4}, "components.backbone: ResNet18: output_stride is 8, 16 or 32, got 4"),
        (
            "mask",
            {"of": "backbone"},
            "components.mask: UNetDecoder: each of two or more features has twice the stride of the one before, "
            "got 64 at 1/2, 64 at 1/4, 128 at 1/8, 256 at 1/16, 512 at 1/16",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_built_names_the_path_in_the_config(component, entry, message):
    config = with_entry(component, **entry)
    config["components"]["other"] = {"type": "ResNet18"}
    with pytest.raises(ConfigError) as caught:
        ConfiguredNetwork(config=config)
    assert str(caught.value) == message
