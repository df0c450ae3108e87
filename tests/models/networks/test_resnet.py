"""ResNet classifiers: parameters as published, and the flat classes are what their parts say."""

import pytest
import torch

from models import backbones, networks
from models.heads import ClassificationHead
from models.networks.backbone_head import BackboneHead
from tests.models.catalogue import load_weights

#: As published; SE-ResNet-50 is ResNet-50 and, by the paper's formula, 2 / 16 * sum(N * C * C) for its gates and their biases.
PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "seresnet50": 28_088_024,
    "mobilenetv2": 3_504_872,
}


def image(height, width, batch=1):
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def tiny(name):
    """The network with few classes, on random input statistics that a fresh one does not have."""
    model = getattr(networks, name)(num_classes=7)
    load_weights(model, torch.from_numpy)
    return model.eval()


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters_is_the_published_one(name):
    assert sum(p.numel() for p in getattr(networks, name)().parameters()) == PARAMETERS[name]


def test_gates_of_seresnet50_have_the_parameters_that_the_paper_counts():
    stages = ((3, 256), (4, 512), (6, 1024), (3, 2048))
    weights = sum(n * 2 * c * c // 16 for n, c in stages)
    biases = sum(n * (c // 16 + c) for n, c in stages)
    assert PARAMETERS["seresnet50"] - PARAMETERS["resnet50"] == weights + biases


def test_seresnet50_has_the_keys_of_resnet50_and_its_gates():
    plain, gated = networks.resnet50().state_dict(), networks.seresnet50().state_dict()
    more = set(gated) - set(plain)
    assert set(plain) < set(gated)
    assert {k.split(".", 2)[2] for k in more} == {f"se.fc{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")}
    assert len(more) == 4 * (3 + 4 + 6 + 3)
    assert gated["layer3.5.se.fc1.weight"].shape == (64, 1024, 1, 1)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_classifier_computes_what_its_parts_compute(name):
    model = tiny(name)
    assert model.parts["head"] == "ClassificationHead"
    backbone = getattr(backbones, model.parts["backbone"])()
    head = ClassificationHead(in_channels=backbone.channels, in_strides=backbone.strides, num_classes=7)
    assembled = BackboneHead(backbone=backbone, head=head).eval()

    state = model.state_dict()
    linear = "classifier.1." if name == "mobilenetv2" else "fc."
    renamed = {
        f"head.fc.{k.removeprefix(linear)}" if k.startswith(linear) else f"backbone.{k}": v for k, v in state.items()
    }
    assembled.load_state_dict(renamed)
    x = image(47, 64)
    with torch.no_grad():
        assert torch.equal(model(x), assembled(x))


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2"])
def test_parameters_reach_the_backbone(name):
    model = getattr(networks, name)(in_channels=5, num_classes=4, dropout=0.5).eval()
    assert model.sampling.inputs[0].shape[1] == 5
    assert model(torch.zeros(1, 5, 40, 40)).shape == (1, 4)
    assert model.constructor["parameters"]["in_channels"] == 5


def test_dropout_drops_in_training_only():
    model = networks.resnet18(dropout=0.5)
    model.eval()
    x = image(40, 40, batch=2)
    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        model.dropout.train()
        assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2", "seresnet50"])
def test_a_batch_is_classified_image_by_image(name):
    model = tiny(name)
    x = image(48, 40, batch=3)
    with torch.no_grad():
        together, alone = model(x), torch.cat([model(x[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4 * float(together.abs().max()))


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2"])
def test_training_separates_two_classes(name):
    """A few steps on bright and dark images: gradients, batch statistics and the loss work together."""
    torch.manual_seed(0)
    model = getattr(networks, name)(num_classes=2).train()
    labels = torch.arange(8) % 2
    images = image(40, 40, batch=8) + (2.0 * labels - 1.0).view(8, 1, 1, 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
