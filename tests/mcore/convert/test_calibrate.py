"""Calibrated weights: activations neither die nor explode, a flipped kernel is noticed, all follows from the key."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mcore.convert.calibrate import calibrate, unread
from mcore.convert.capture import capture
from mcore.convert.running import Size, evaluation_copy, generator, run, seeded_inputs
from mcore.convert.sensitivity import BLIND
from mcore.convert.trace import trace
from mcore.sampling import Sampling
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE

SAMPLING = Sampling.image(4, ((32, 32), (24, 40), (33, 25)), minimum=17)


class ZeroInitialised(nn.Module):
    """Blocks whose last scale starts at zero or next to it, as many constructors leave them."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([modules.Residual() for _ in range(12)])
        for block in self.blocks:
            nn.init.zeros_(block.bn2.weight)
        self.gamma = nn.Parameter(torch.full((4, 1, 1), 1e-6))
        self.position = nn.Parameter(torch.zeros(1, 4, 1, 1))
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x + self.gate * torch.tanh(x) + self.gamma * torch.sin(x) + self.position


def calibrated(model: nn.Module, key: str = "key", sampling: Sampling = SAMPLING) -> nn.Module:
    model = evaluation_copy(model)
    calibrate(model, sampling, key)
    return model


def magnitudes(model: nn.Module) -> dict[str, float]:
    """Root mean square of every value in the graph."""
    inputs = seeded_inputs(SAMPLING, Size(2, 33, 25), "look")
    return dict(trace(model, SAMPLING, Size(2, 33, 25), inputs, lambda t: float(t.pow(2).mean().sqrt())).observed)


MODELS = [
    modules.Classifier(),
    ZeroInitialised(),
    nn.Sequential(*[nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()) for _ in range(30)]),
    nn.Sequential(*[nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6()) for _ in range(30)]),
    nn.Sequential(*[nn.Sequential(nn.ConvTranspose2d(4, 4, 2, 2), nn.ReLU(), nn.MaxPool2d(2)) for _ in range(12)]),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_activations_neither_die_nor_explode(model):
    for name, magnitude in magnitudes(calibrated(model)).items():
        assert 1e-2 < magnitude < 1e3, name


def test_what_the_constructor_leaves_is_as_bad_as_it_is_said_to_be():
    blind = ZeroInitialised().eval()
    flipped = evaluation_copy(blind)
    flipped.blocks[5].conv1.weight.data = flipped.blocks[5].conv1.weight.flip(-1)
    inputs = seeded_inputs(SAMPLING, Size(1, 33, 25), "look")
    assert torch.equal(run(blind, SAMPLING, inputs), run(flipped, SAMPLING, inputs))


@pytest.mark.parametrize("model", [modules.Classifier(), ZeroInitialised()], ids=lambda m: type(m).__name__)
def test_one_flipped_kernel_of_any_convolution_is_noticed(model):
    model = calibrated(model)
    inputs = seeded_inputs(SAMPLING, Size(1, 33, 25), "look")
    golden = run(model, SAMPLING, inputs)
    for layer in [m for m in model.modules() if isinstance(m, nn.Conv2d)]:
        weight = layer.weight.data.clone()
        layer.weight.data[0] = weight[0].flip(-1)
        change = (run(model, SAMPLING, inputs) - golden).abs().max() / golden.abs().max()
        layer.weight.data = weight
        assert change > BLIND


def test_every_weight_follows_from_the_key_alone():
    first, second = nn.Sequential(modules.Residual()), nn.Sequential(modules.Residual())
    a, b, c = calibrated(first), calibrated(second), calibrated(second, "other")
    torch.manual_seed(99)
    d = calibrated(first)
    for name, tensor in a.state_dict().items():
        assert torch.equal(tensor, b.state_dict()[name]), name
        assert torch.equal(tensor, d.state_dict()[name]), name
        assert not tensor.is_floating_point() or not torch.equal(tensor, c.state_dict()[name]), name


class Mixed(nn.Module):
    """Parameters of every way to be drawn, also of other element types and orders of memory, one of them under two names."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(4, 6, 3, padding=1).to(memory_format=torch.channels_last)
        self.upper, self.lower = nn.Linear(6, 6), nn.Linear(6, 6)
        self.lower.weight = self.upper.weight
        self.norm, self.embedding, self.act = nn.LayerNorm([3, 6]), nn.Embedding(5, 6), nn.PReLU(6)
        self.narrow = nn.Parameter(torch.randn(4, 6).half())
        self.matrix, self.bias = nn.Parameter(torch.randn(7, 6)), nn.Parameter(torch.zeros(2, 6))
        self.scale = nn.Parameter(torch.full((3, 1, 1), 3.0))

    def forward(self, x):
        return self.convolution(x)


@pytest.mark.parametrize("model", [Mixed(), modules.Classifier(), ZeroInitialised()], ids=lambda m: type(m).__name__)
def test_what_is_not_read_changes_nothing(model):
    wanted = calibrated(model).state_dict()
    blank = evaluation_copy(model)
    for parameter in unread(blank):
        parameter.data.fill_(torch.nan)
    calibrate(blank, SAMPLING, "key")
    for name, tensor in blank.state_dict().items():
        assert torch.equal(tensor, wanted[name]), name


def test_all_that_is_large_is_not_read():
    model = Mixed()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert [names[id(parameter)] for parameter in unread(model)] == [
        "narrow",
        "matrix",
        "convolution.weight",
        "upper.weight",
    ]


def test_tiny_and_zero_parameters_are_lifted_and_scales_spread():
    model = calibrated(ZeroInitialised())
    assert model.gamma.abs().min() > 0.05
    assert model.position.abs().max() > 0.05
    assert model.gate.abs() > 0
    weights = model.blocks[0].bn2.weight
    assert 0.5 <= weights.min() < weights.max() <= 1.5


def test_statistics_are_those_of_the_layer_s_input_and_the_counters_rest():
    model = calibrated(modules.Classifier())
    norm = model.blocks[1].bn1
    seen = []
    norm.register_forward_hook(lambda module, inputs, output: seen.append(output))
    run(model, SAMPLING, seeded_inputs(SAMPLING, Size(4, 33, 25), "look"))
    standard = (seen[0] - norm.bias[:, None, None]) / norm.weight[:, None, None]
    assert standard.mean((0, 2, 3)).abs().max() < 0.5
    assert (standard.std((0, 2, 3)) - 1).abs().max() < 0.5
    assert norm.num_batches_tracked == 0
    assert norm.momentum == 0.1
    assert not norm.training


def test_a_silent_channel_is_not_blown_up():
    model = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(4))
    model[0].register_forward_hook(lambda module, inputs, output: output * torch.tensor([1.0, 1, 1, 0]).view(4, 1, 1))
    variance = calibrated(model)[1].running_var
    assert variance.min() >= 0.05 * variance.mean() * 0.5


class Pooled(nn.Module):
    """Batch norms that see ``side * side`` values of each image, one of them by two calls, by position and by keyword."""

    def __init__(self, side: int):
        super().__init__()
        self.side = side
        self.once = nn.BatchNorm2d(4)
        self.twice = nn.BatchNorm2d(4)
        self.never = nn.BatchNorm2d(4)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(x, self.side)
        return self.twice(self.once(x)) + self.twice(input=x)


def seen_and_kept(side: int, name: str) -> tuple[torch.Tensor, nn.BatchNorm2d]:
    """The variances of a layer's input in the pass over noise, a mean over its calls, and the layer afterwards."""
    model = evaluation_copy(Pooled(side))
    seen = []
    layer = getattr(model, name)
    hook = layer.register_forward_hook(
        lambda _, args, kwargs, __: seen.append((*args, *kwargs.values())[0].transpose(0, 1).flatten(1).var(1)),
        with_kwargs=True,
    )
    calibrate(model, SAMPLING, "key")
    hook.remove()
    return torch.stack(seen).mean(0), layer


@pytest.mark.parametrize(
    ("side", "name", "freedom"), [(1, "once", 3), (2, "once", 15), (1, "twice", 6), (2, "twice", 30)]
)
def test_variances_that_few_values_tell_are_drawn_towards_their_mean(side, name, freedom):
    """By as much as is missing to 32 degrees of freedom: of n values one is taken up by their mean."""
    seen, layer = seen_and_kept(side, name)
    moderated = (freedom * seen + (32 - freedom) * seen.mean()) / 32
    torch.testing.assert_close(layer.running_var, torch.maximum(moderated, layer.running_mean.square() / 16))


@pytest.mark.parametrize(("side", "name"), [(3, "once"), (3, "twice"), (24, "once")])
def test_variances_that_enough_values_tell_are_kept(side, name):
    seen, layer = seen_and_kept(side, name)
    torch.testing.assert_close(layer.running_var, seen.clamp(min=0.05 * float(seen.mean()) + layer.eps))


def test_the_variance_of_a_layer_that_saw_nothing_is_that_of_a_new_one():
    assert calibrated(Pooled(1)).never.running_var.tolist() == [1.0] * 4


def test_a_batch_norm_behind_a_global_pooling_does_not_blow_up_rounding():
    """What the pass saw would: of 512 variances of four values some are next to nothing, and means are many deviations."""
    pooled = nn.Sequential(nn.Conv2d(4, 512, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(512))
    layer = evaluation_copy(pooled)
    seen = []
    layer[3].register_forward_pre_hook(lambda _, args: seen.append(args[0].flatten(1)))
    calibrate(layer, SAMPLING, "key")
    mean, variance = seen[0].mean(0), layer[3].running_var
    torch.testing.assert_close(layer[3].running_mean, mean)
    assert (mean.abs() / seen[0].std(0)).max() > 8
    assert (mean.abs() / variance.sqrt()).max() <= 4.001
    assert variance.min() > 0.85 * seen[0].var(0).mean()


class Standardised(nn.Conv2d):
    """A convolution with a gain of each filter beside its weights, as networks without norms have it."""

    def __init__(self):
        super().__init__(2, 8, 3)
        self.gain = nn.Parameter(torch.full((8, 1, 1, 1), 2.0))


KINDS = [
    (Standardised(), "gain", 1.0, 3.0),
    (nn.PReLU(4), "weight", 0.1, 0.4),
    (nn.GroupNorm(2, 4), "weight", 0.5, 1.5),
    (nn.LayerNorm(4), "weight", 0.5, 1.5),
    (nn.Embedding(64, 8), "weight", -5, 5),
]


def calibrated_alone(layer: nn.Module) -> nn.Module:
    """A calibrated copy of a layer that no forward goes through."""
    holder = nn.Module()
    holder.layer = layer
    holder.forward = lambda x: x
    return calibrated(holder).layer.requires_grad_(False)


@pytest.mark.parametrize(("layer", "name", "low", "high"), KINDS, ids=str)
def test_each_kind_of_parameter_has_its_range(layer, name, low, high):
    parameter = getattr(calibrated_alone(layer), name)
    assert low <= parameter.min() < parameter.max() <= high


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d, nn.Linear])
def test_a_bias_of_one_element_does_not_follow_from_what_torch_drew(kind):
    """All of its elements are equal, which says nothing."""
    sizes = (4, 1) if kind is nn.Linear else (4, 1, 3)
    drawn = set()
    for seed in range(20):
        torch.manual_seed(seed)
        drawn.add(calibrated_alone(kind(*sizes)).bias.item())
    assert len(drawn) == 1


def test_a_bias_of_one_element_that_was_set_keeps_its_size():
    """As that of a detector, which says how rare objects are."""
    layer = nn.Conv2d(4, 1, 3)
    nn.init.constant_(layer.bias, -4.6)
    assert -1.5 * 4.6 <= calibrated_alone(layer).bias.item() <= -0.5 * 4.6


def test_a_shared_parameter_is_drawn_once():
    model = calibrated(modules.Shared())
    assert model.first.weight is model.second.weight
    capture(model, IMAGE)


def test_integers_are_left_alone():
    model = nn.Module()
    model.steps = nn.Parameter(torch.arange(4), requires_grad=False)
    model.forward = lambda x: x
    assert calibrated(model).steps.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_large_matrices_are_uniform_and_as_wide_as_normal_ones(kind):
    layer = nn.Linear(1023, 1026, dtype=kind)
    weight = calibrated_alone(layer).weight.double().flatten()
    deviation = (2 / 1023) ** 0.5
    assert weight.mean().abs() < 0.01 * deviation
    assert weight.std() / deviation == pytest.approx(1, rel=0.01)
    assert weight.abs().max() / deviation == pytest.approx(3**0.5, rel=0.01)
    quarters = torch.histc(weight, 4) / len(weight)
    assert (quarters - 0.25).abs().max() < 0.01
    shifted = weight[1:] @ weight[:-1] / (weight @ weight)
    assert shifted.abs() < 0.01
    assert weight.unique().numel() > (0.95 if kind != torch.bfloat16 else 0) * len(weight)


def test_large_matrices_follow_from_key_and_name_to_the_bit():
    """The numbers of NumPy's SFC64, which no version may change."""
    weight = calibrated_alone(nn.Linear(1 << 10, 1 << 10)).weight.flatten()
    source = generator("key/layer.weight")
    drawn = np.random.SFC64(source.initial_seed()).random_raw(1 << 19).view(np.int32)
    wanted = drawn.astype(np.float32) * np.float32((2 / 1024) ** 0.5 * 3**0.5 / 2**31)
    np.testing.assert_array_equal(weight.numpy(), wanted)
