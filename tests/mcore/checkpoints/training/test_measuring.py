"""What is measured is true, and leaves no trace in the model."""

from __future__ import annotations

import mmap
import time

import pytest
import torch
from torch import nn

from mcore.checkpoints import CheckpointError, CheckpointStore, Metadata
from mcore.checkpoints.record import Output
from mcore.checkpoints.training.measuring import measured, outputs_of, precision_of
from mcore.checkpoints.training.memory import PeakMemory
from models.networks import UNet, resnet18


class Slow(nn.Module):
    """20 ms forward, 30 ms more backward."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.02)
        y = x * self.scale
        if y.requires_grad:
            y.register_hook(lambda gradient: time.sleep(0.03))
        return y


def test_times_are_of_the_passes() -> None:
    found = measured(Slow(), Metadata(), resolution=(4,), warm_up=0, repeats=3)
    assert found.timing is not None
    assert found.timing.forward_ms is not None
    assert found.timing.forward_backward_ms is not None
    assert 20 <= found.timing.forward_ms < found.timing.forward_backward_ms
    assert found.timing.forward_backward_ms >= 50
    assert found.timing.device == "cpu"


def test_all_that_is_measured_goes_into_the_store(sqlite_store: CheckpointStore) -> None:
    model = UNet(width=4, depth=1, in_channels=4, num_classes=5)
    metadata = measured(model, Metadata(resolution=(32, 48), batch_size=2), warm_up=0, repeats=1)
    saved = sqlite_store.save(model, metadata=metadata)
    assert saved.metadata.outputs == (Output(name="out", channels=5, ratio="H x W"),)
    assert (saved.metadata.precision, saved.metadata.in_channels) == ("fp32", 4)
    assert saved.metadata.timing is not None
    assert (saved.metadata.timing.batch_size, saved.metadata.timing.resolution) == (2, (32, 48))
    assert saved.metadata.timing.memory_of == "process"
    assert saved.metadata.timing.memory_bytes is not None
    assert sqlite_store.search("forward_backward_ms > 0 and resolution = '32x48' and ratio = 'H x W'") == [saved]


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    model[1].eval()
    model(torch.randn(2, 3, 8, 8)).mean().backward()
    gradient = model[0].weight.grad
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(5)
    measured(model, Metadata(), resolution=(8, 8), batch_size=2, warm_up=1, repeats=1)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model[0].weight.grad is gradient
    assert (model.training, model[1].training) == (True, False)


def test_outputs_have_ratios_of_the_inputs_size() -> None:
    found = {
        "classes": torch.zeros(2, 10),
        "maps": [torch.zeros(2, 3, 8, 16), torch.zeros(2, 4, 4, 8)],
        "up": torch.zeros(1, 1, 128, 256),
        "boxes": torch.zeros(2, 100, 4),
    }
    assert [(o.name, o.channels, o.ratio) for o in outputs_of(found, (64, 128))] == [
        ("classes", 10, "1"),
        ("maps.0", 3, "H/8 x W/8"),
        ("maps.1", 4, "H/16 x W/16"),
        ("up", 1, "2H x 2W"),
        ("boxes", 100, "4"),
    ]
    assert outputs_of(torch.zeros(1, 2, 50), (100,))[0].ratio == "L/2"
    assert outputs_of(torch.zeros(2, 3, 25, 13), (97, 50))[0].ratio == "H/4 x W/4"  # as layers round


def test_precision_is_of_the_weights_or_mixed() -> None:
    assert precision_of(nn.Linear(1, 1)) == "fp32"
    assert precision_of(nn.Linear(1, 1).bfloat16()) == "bf16"
    assert precision_of(nn.Linear(1, 1), torch.float16) == "fp16 mixed"
    metadata = measured(nn.Linear(4, 2), Metadata(), inputs=[torch.randn(3, 4)], autocast=torch.bfloat16, repeats=1)
    assert (metadata.precision, metadata.in_channels) == ("bf16 mixed", 4)


def test_peak_memory_is_of_the_body() -> None:
    with PeakMemory(torch.device("cpu")) as small:
        pass
    # Fresh from the system: an allocator may have as much at hand that was counted before.
    with PeakMemory(torch.device("cpu")) as large, mmap.mmap(-1, 40 << 20) as fresh:
        fresh.write(bytes(40 << 20))
    if small.bytes is None:
        pytest.skip("this system does not let a process set its peak back")
    assert large.bytes is not None
    assert 30 << 20 < large.bytes - small.bytes < 120 << 20


def test_what_cannot_be_measured_is_said() -> None:
    with pytest.raises(CheckpointError, match="say the resolution"):
        measured(resnet18(), Metadata())
    with pytest.raises(CheckpointError, match="Conv2d cannot be measured: RuntimeError"):
        measured(nn.Conv2d(3, 1, 9), Metadata(), resolution=(4, 4))
    frozen = nn.Linear(1, 1).requires_grad_(False)
    with pytest.raises(CheckpointError, match="no output has a gradient"):
        measured(frozen, Metadata(), inputs=[torch.zeros(1, 1)])
