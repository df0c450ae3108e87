"""``pretrained=True`` of networks and backbones, on both backends."""

import json
import os
import subprocess
import sys

import pytest
import torch

from mcore.pretrained import Adaptation, PretrainedError, install
from models.backbones import ResNet18
from models.networks import resnet18
from tests.models.catalogue import ROOT, load_weights
from tests.models.torchvision_reference import torchvision


@pytest.fixture(scope="module")
def reference():
    """torchvision's network, whose state dict is what people have."""
    model = torchvision().models.resnet18()
    load_weights(model, torch.from_numpy)
    return model.eval()


@pytest.fixture
def installed(tmp_path, monkeypatch, reference):
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    torch.save(reference.state_dict(), tmp_path / "resnet18-f37072fd.pth")
    return install(
        tmp_path / "resnet18-f37072fd.pth",
        family="resnet",
        name="resnet18",
        task="classification",
        source="torchvision",
    )


def test_a_network_takes_torchvisions_file(installed, reference):
    model = resnet18(pretrained=True).eval()
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(model(x), reference(x))


def test_a_backbone_takes_its_classifiers(installed, reference):
    model = ResNet18(pretrained=True)
    assert torch.equal(model.layer4[1].conv2.weight, reference.layer4[1].conv2.weight)


def test_the_record_is_without_it(installed):
    assert resnet18(pretrained=True).constructor == resnet18().constructor


def test_channels_and_classes_are_adapted_explicitly(installed):
    with pytest.raises(PretrainedError, match="do not fit resnet18"):
        resnet18(in_channels=4, pretrained=True)
    model = resnet18(in_channels=4, num_classes=7, pretrained=Adaptation(channels="repeat", classes="fresh"))
    assert model.conv1.weight.shape == (64, 4, 7, 7)


def test_nothing_is_looked_for_unless_asked(monkeypatch):
    monkeypatch.delenv("FARM_CHECKPOINTS", raising=False)
    resnet18()
    with pytest.raises(PretrainedError, match="FARM_CHECKPOINTS"):
        resnet18(pretrained=True)


PROGRAM = """
import json, sys
sys.modules["torch"] = None
from models.networks import resnet18
weight = resnet18(pretrained=True).fc.weight.numpy()
print(json.dumps([float(weight.sum()), float(abs(weight).max())]))
"""


def test_the_platform_backend_takes_the_same_weights(installed, reference):
    environment = {**os.environ, "MCORE_BACKEND": "platform"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    weight = reference.fc.weight.detach()
    assert json.loads(done.stdout) == pytest.approx([float(weight.sum()), float(weight.abs().max())], rel=1e-4)
