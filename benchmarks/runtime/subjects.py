"""The networks that are measured, with weights that keep activations alive (``mcore.convert.calibrate``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

import models.networks as networks
from mcore.convert.calibrate import calibrate
from mcore.convert.capture import capture
from mcore.platform.graph import Graph


@dataclass(frozen=True, slots=True)
class Subject:
    """A network of the zoo and the side of its square input."""

    name: str
    make: Callable[[], torch.nn.Module]
    side: int = 224

    @property
    def label(self) -> str:
        return f"{self.name}@{self.side}"


@dataclass(frozen=True, slots=True)
class Ready:
    """A subject to run: its torch module, what was captured of it, an input by name."""

    subject: Subject
    model: torch.nn.Module
    graph: Graph
    weights: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]

    @property
    def x(self) -> torch.Tensor:
        return torch.from_numpy(next(iter(self.inputs.values())))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in self.inputs.items()}


SUBJECTS = (
    Subject("resnet18", lambda: networks.resnet18()),
    Subject("resnet50", lambda: networks.resnet50()),
    Subject("seresnet50", lambda: networks.seresnet50()),
    Subject("mobilenetv2", lambda: networks.mobilenetv2()),
    Subject("unet32", lambda: networks.UNet(width=32)),
    Subject("unet", lambda: networks.UNet()),
    Subject("yolov3", lambda: networks.YOLOv3()),
    Subject("vit_b_16", lambda: networks.vit_b_16()),
)
QUICK = ("resnet18", "mobilenetv2")


def ready(subject: Subject) -> Ready:
    """Build, calibrate and capture it."""
    torch.manual_seed(0)
    model = subject.make().eval()
    calibrate(model, model.sampling, subject.name)
    captured = capture(model, model.sampling)
    (name,) = captured.graph.inputs
    x = np.random.default_rng(0).standard_normal((1, 3, subject.side, subject.side)).astype(np.float32)
    return Ready(subject, model, captured.graph, captured.weights, {name: x})


def named(names: list[str] | None, default: tuple[str, ...] = ()) -> list[Subject]:
    """The subjects of these names, in order; by default those of ``default``, or all."""
    wanted = names or default or [subject.name for subject in SUBJECTS]
    return [subject for subject in SUBJECTS if subject.name in wanted]
