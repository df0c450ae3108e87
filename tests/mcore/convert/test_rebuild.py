"""A network rebuilt without its source: outputs, state, arguments, and the graph that it gives when it is converted again."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mcore.convert import Rebuilt, capture
from mcore.convert.running import Size, seeded_inputs
from mcore.platform.format import graph_to_bytes
from mcore.sampling import H, Input, N, Sampling, W
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, UNSEEN, assert_close, perturbed, torch_outputs

PAIR = Sampling(
    (Input("features.0", (N, 6, H, W)), Input("features.1", (N, 8, (H + 1) // 2, (W + 1) // 2))), IMAGE.sizes, minimum=5
)


def rebuilt(model: nn.Module, sampling: Sampling = IMAGE) -> Rebuilt:
    captured = capture(model, sampling)
    return Rebuilt(captured.graph, captured.weights, sampling.sizes)


@pytest.mark.parametrize("kind", modules.SEEN_THROUGH, ids=lambda kind: kind.__name__)
def test_converted_again_it_gives_the_same_bytes(kind):
    model = perturbed(kind())
    first = capture(model, IMAGE)
    again = rebuilt(model)
    second = capture(again, again.sampling)
    assert graph_to_bytes(second.graph) == graph_to_bytes(first.graph)
    assert {n: w.tobytes() for n, w in second.weights.items()} == {n: w.tobytes() for n, w in first.weights.items()}


def test_state_goes_both_ways_strictly():
    model = perturbed(modules.Classifier())
    again = rebuilt(model)
    assert again.state_dict().keys() == model.state_dict().keys()
    fresh = modules.Classifier().eval()
    fresh.load_state_dict(again.state_dict())
    inputs = seeded_inputs(IMAGE, UNSEEN[0], "state")
    assert_close(torch_outputs(fresh, inputs), torch_outputs(model, inputs), 0.0)
    other = perturbed(modules.Classifier())
    with torch.no_grad():
        other.fc.weight.mul_(3)
    again.load_state_dict(other.state_dict())
    assert_close(torch_outputs(again, inputs), torch_outputs(other, inputs), 1e-6)


def test_parameters_can_be_trained_and_buffers_are_buffers():
    again = rebuilt(perturbed(modules.Classifier()))
    names = dict(again.named_parameters())
    assert "blocks.0.bn1.weight" in names
    assert "blocks.0.bn1.running_mean" in dict(again.named_buffers())
    again(torch.randn(1, 4, 8, 8)).sum().backward()
    assert all(parameter.grad is not None for parameter in names.values())


def test_constants_are_no_part_of_the_state():
    again = rebuilt(modules.Buffers())
    assert list(again.state_dict()) == ["mean"]
    assert {"std", "offset", "anchors.0"} <= set(dict(again.named_buffers()))


def test_shared_weights_stay_shared():
    again = rebuilt(modules.Shared())
    assert again.first.weight is again.second.weight
    assert again.state_dict().keys() == modules.Shared().state_dict().keys()


def test_it_takes_arguments_in_order_and_by_name_and_returns_the_original_s_form():
    model = perturbed(modules.Decoder())
    again = rebuilt(model, PAIR)
    inputs = seeded_inputs(PAIR, Size(2, 9, 7), "form")
    features = list(inputs.values())
    result = again(features)
    assert list(result) == ["out", "inner"]
    assert isinstance(result["inner"], list)
    assert torch.equal(again(features=features)["out"], result["out"])


@pytest.mark.parametrize("call", [lambda m, x: m(), lambda m, x: m(x, x), lambda m, x: m(y=x), lambda m, x: m(x, x=x)])
def test_other_arguments_are_refused(call):
    with pytest.raises(TypeError, match="the network takes x"):
        call(rebuilt(modules.Residual()), torch.ones(1, 4, 8, 8))


def test_its_sampling_is_that_of_the_graph():
    assert rebuilt(modules.Residual()).sampling == IMAGE
    stepped = Sampling.image(4, ((16, 16), (8, 24), (32, 8)), minimum=8, multiple_of=8)
    again = rebuilt(nn.MaxPool2d(4), stepped).sampling
    assert (again.sizes, again.minimum, again.multiple_of) == (stepped.sizes, 8, 8)
    assert again.inputs[0].concrete(2, 16, 24) == (2, 4, 16, 24)
    fixed = Sampling((Input("x", (N, 4, H, W)),), ((8, 12),), minimum=1, fixed=True)
    assert rebuilt(nn.ReLU(), fixed).sampling.fixed


def test_a_module_of_the_original_may_be_named_as_one_of_its_own_attributes():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.sampling = nn.Conv2d(4, 4, 1)
            self._graph = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            return self._graph(self.sampling(x))

    model = perturbed(Named())
    again = rebuilt(model)
    assert again.state_dict().keys() == model.state_dict().keys()
    inputs = seeded_inputs(IMAGE, UNSEEN[0], "named")
    assert_close(torch_outputs(again, inputs), torch_outputs(model, inputs), 1e-6)


def test_it_can_be_copied_and_widened():
    model = perturbed(modules.Buffers())
    wide = copy.deepcopy(rebuilt(model)).double()
    x = torch.randn(1, 4, 8, 8, dtype=torch.float64)
    assert wide(x).dtype is torch.float64
    assert torch.allclose(wide(x).float(), model(x.float()), atol=1e-5)


def test_on_another_device_everything_is_made_there():
    again = rebuilt(modules.Positions()).to("meta")
    assert again(torch.ones(1, 4, 8, 8, device="meta")).device.type == "meta"


def test_it_keeps_its_own_copy_of_the_weights():
    captured = capture(modules.Residual(), IMAGE)
    again = Rebuilt(captured.graph, captured.weights)
    with torch.no_grad():
        again.conv1.weight.zero_()
    assert captured.weights["conv1.weight"].any()


def test_sizes_by_minimum_and_maximum_stay_symbolic():
    class Cut(nn.Module):
        def forward(self, x):
            return x[:, :, 2:6] + x[:, :, :4]

    model = Cut()
    captured = capture(model, IMAGE)
    again = rebuilt(model)
    assert graph_to_bytes(capture(again, again.sampling).graph) == graph_to_bytes(captured.graph)


def test_without_sizes_the_usual_ones_are_made_legal():
    sampling = Sampling.image(4, ((64, 96), (48, 48), (80, 64)), minimum=48, multiple_of=16)
    captured = capture(modules.Classifier(), sampling)
    rebuilt = Rebuilt(captured.graphs, captured.weights)
    assert rebuilt.sampling.sizes == ((224, 224), (128, 192), (112, 144))
    assert rebuilt.sampling.multiple_of == 16
    larger = Sampling.image(4, ((320, 304), (304, 304), (304, 320)), minimum=304, multiple_of=16)
    again = Rebuilt(capture(modules.Classifier(), larger).graphs, captured.weights)
    assert min(min(size) for size in again.sampling.sizes) == 304
