"""Networks by the names of their parts."""

import pytest
import torch
from torch.nn.modules.module import register_module_parameter_registration_hook

from mcore.pretrained import PretrainedError
from models import necks
from models.backbones import ResNet18
from models.heads import FCNHead
from models.networks.assembly import assemble
from models.networks.config import ConfigError
from models.networks.configured import ConfiguredNetwork
from tests.mcore.processes import output


def refusal(**arguments):
    """The text of the error, which is one line."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what the tests look at
        assemble(**arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_parts_by_name_are_built_for_one_another():
    model = assemble(backbone="ResNet18", neck="FPN", head="FCNHead", head_parameters={"num_classes": 4}).eval()
    assert model.parts == {"backbone": "ResNet18", "neck": "FPN", "head": "FCNHead"}
    assert model.neck.in_channels == model.backbone.channels
    assert model.head.in_channels == model.neck.channels
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 40, 56)).shape == (1, 4, 40, 56)


@pytest.mark.parametrize("neck", [None, "ASPP", "BiFPN", "PAN", "PPM", "SPP", "SPPF"])
@pytest.mark.parametrize("head", ["UPerHead", "SegFormerHead", "LinkNetDecoder", "PSPHead", "FastDepthDecoder"])
def test_necks_and_heads_of_dense_tasks_fit_one_another(neck, head):
    """Whatever a neck gives, these heads take; at an odd size each map has a rounding of its own."""
    small = {"UPerHead": {"width": 8}, "SegFormerHead": {"width": 8}, "LinkNetDecoder": {}, "PSPHead": {"width": 8}}
    model = assemble(backbone="ResNet18", neck=neck, head=head, head_parameters=small.get(head)).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, 49, 35)).shape[2:] == (49, 35)


@pytest.mark.parametrize("name", ["resnet18", "RESNET18", "ResNet18"])
def test_names_are_of_any_case(name):
    assert type(assemble(backbone=name, head="classificationhead").backbone) is ResNet18


def test_parameters_reach_the_parts():
    model = assemble(
        backbone="ResNet18",
        neck="FPN",
        head="UNetDecoder",
        backbone_parameters={"in_channels": 1},
        neck_parameters={"out_channels": 16},
        head_parameters={"widths": (8, 8, 8)},
    )
    assert model.sampling.inputs[0].shape[1] == 1
    assert model.neck.channels == (16, 16, 16, 16)
    assert model.head.score.in_channels == 8


def test_objects_are_taken_as_they_are():
    backbone = ResNet18(output_stride=8)
    head = FCNHead(in_channels=backbone.channels, in_strides=backbone.strides)
    model = assemble(backbone=backbone, head=head)
    assert model.backbone is backbone
    assert model.head is head


def test_an_object_that_does_not_fit_is_refused():
    assert "FCNHead takes features of 2048 at 1/8, but ResNet18 gives" in refusal(backbone="ResNet18", head=FCNHead())


def test_an_unknown_name_is_refused_with_the_nearest_one():
    assert refusal(backbone="ResNet5", head="FCNHead") == "no backbone is named 'ResNet5': did you mean ResNet50?"
    assert refusal(backbone="ResNet18", head="FCN_Head") == "no head is named 'FCN_Head': did you mean FCNHead?"


def test_an_unknown_name_that_is_near_to_none_is_refused_with_all():
    text = refusal(backbone="ResNet18", neck="zzz", head="FCNHead")
    assert text == f"no neck is named 'zzz': there are {', '.join(sorted(necks.__all__))}"


def test_an_unknown_parameter_is_refused():
    text = refusal(backbone="ResNet18", head="FCNHead", head_parameters={"clases": 3})
    assert text.startswith("head FCNHead cannot be built: ")
    assert "clases" in text


def test_parameters_of_an_object_or_of_no_neck_are_refused():
    text = refusal(backbone=ResNet18(), head="FCNHead", backbone_parameters={"in_channels": 1})
    assert text == "parameters were given for a backbone that is built already, a ResNet18"
    assert "no neck" in refusal(backbone="ResNet18", head="FCNHead", neck_parameters={"out_channels": 8})


def test_a_dilated_backbone_has_no_unet():
    text = refusal(backbone="ResNet50", backbone_parameters={"output_stride": 8}, head="UNetDecoder")
    assert text.startswith("UNetDecoder: each of two or more features has twice the stride of the one before")


@pytest.fixture
def allocated():
    """Names of the parameters that modules were given memory for."""
    names = []
    hook = register_module_parameter_registration_hook(
        lambda module, name, parameter: None if parameter is None or parameter.is_meta else names.append(name)
    )
    yield names
    hook.remove()


#: A head that takes no dilated backbone, and one that lacks a level.
MISMATCHES = (
    {"backbone": "ResNet152", "backbone_parameters": {"output_stride": 8}, "head": "UNetDecoder"},
    {"backbone": "ViTB16", "neck": "FPN", "head": "DeepLabV3PlusHead"},
)


@pytest.mark.parametrize("arguments", MISMATCHES, ids=lambda arguments: arguments["head"])
def test_what_does_not_fit_is_refused_before_any_parameter_is_allocated(arguments, allocated):
    refusal(**arguments)
    assert allocated == []


def test_a_config_that_does_not_fit_is_refused_before_any_parameter_is_allocated(allocated):
    components = {
        "body": {"type": "ResNet152", "output_stride": 8},
        "mask": {"type": "UNetDecoder", "of": "body"},
    }
    with pytest.raises(ConfigError, match=r"components\.mask: UNetDecoder: each of two or more features"):
        ConfiguredNetwork(config={"name": "No", "components": components, "outputs": "mask"})
    assert allocated == []


def test_parameters_are_allocated_once_where_everything_fits(allocated):
    assert len(allocated) == 0
    model = assemble(backbone="ResNet18", head="FCNHead")
    assert len(allocated) == len(list(model.parameters()))


def test_the_platform_refuses_without_allocating_either():
    code = f"""
import tracemalloc
from models.networks.assembly import assemble
for arguments in {MISMATCHES!r}:
    tracemalloc.start()
    try:
        assemble(**arguments)
    except ValueError as error:
        print(error)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000, arguments
    tracemalloc.stop()
assert sum(p.numel() for p in assemble(backbone="ResNet18", head="FCNHead").parameters()) > 11_000_000
"""
    assert output(code, backend="platform", torch=False).splitlines() == [refusal(**m) for m in MISMATCHES]


def test_pretrained_weights_are_not_looked_for_where_the_parts_do_not_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path))
    dilated = {"pretrained": True, "output_stride": 8}
    assert "UNetDecoder" in refusal(backbone="ResNet50", backbone_parameters=dilated, head="UNetDecoder")
    with pytest.raises(PretrainedError, match="no pretrained weights in"):
        assemble(backbone="ResNet50", backbone_parameters={"pretrained": True}, head="UNetDecoder")
