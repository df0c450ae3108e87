"""Which weight is of which part."""

from __future__ import annotations

import pytest

from mcore.checkpoints import CheckpointError
from mcore.checkpoints.parts import parts_by_name, parts_by_prefix, parts_of_model
from models.backbones import ResNet18
from models.heads import FCNHead
from models.necks import FPN
from models.networks import UNet, UNetResNet34, resnet18
from models.networks.assembly import assemble


def of(model: object) -> dict[str, set[str]]:
    """First components of the names of each part's weights."""
    found: dict[str, set[str]] = {}
    for name, part in parts_of_model(model, model.state_dict()).items():  # type: ignore[attr-defined]
        found.setdefault(part, set()).add(name.partition(".")[0])
    return found


def test_parts_are_what_their_classes_say() -> None:
    assert of(ResNet18()) == {"backbone": {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}}
    assert of(UNetResNet34()) == {"backbone": {"backbone"}, "head": {"head"}}
    network = assemble(backbone="ResNet18", neck="FPN", head="FCNHead")
    assert of(network) == {"backbone": {"backbone"}, "neck": {"neck"}, "head": {"head"}}
    assert {FPN.kind, FCNHead.kind} == {"neck", "head"}


def test_a_network_that_is_its_backbone_with_more_layers_has_a_head() -> None:
    assert of(resnet18(num_classes=3, in_channels=1)) == {
        "backbone": {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"},
        "head": {"fc"},
    }


def test_a_network_that_is_not_made_of_parts_is_one() -> None:
    assert set(of(UNet(width=4, depth=1))) == {"network"}


def test_names_of_others_tell_parts_where_they_tell_a_backbone() -> None:
    assert parts_by_name(["backbone.a", "fpn.b", "rpn_head.c", "scale"]) == {
        "backbone.a": "backbone",
        "fpn.b": "neck",
        "rpn_head.c": "head",
        "scale": "network",
    }
    assert parts_by_name(["conv1.weight", "fc.weight"]) == {"conv1.weight": "network", "fc.weight": "network"}


def test_prefixes_decide_the_longest_first() -> None:
    names = ["a.x", "a.b.x", "c"]
    assert parts_by_prefix(names, {"one": ["a."], "two": ["a.b."]}) == {"a.x": "one", "a.b.x": "two", "c": "network"}
    with pytest.raises(CheckpointError, match="no weight begins with 'z'"):
        parts_by_prefix(names, {"one": ["z"]})
    with pytest.raises(CheckpointError, match="no name of a part"):
        parts_by_prefix(names, {"a b": ["a"]})
