"""The networks that are measured, with weights that keep activations alive (``mcore.convert.calibrate``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch

import models.networks as networks
from mcore.convert.calibrate import calibrate
from mcore.convert.capture import capture
from mcore.platform.graph import Graph
from mcore.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Subject:
    """A network and the side of its square input; ``sampling`` where its class does not say."""

    name: str
    make: Callable[[], torch.nn.Module]
    side: int = 224
    sampling: Sampling | None = None

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


def vit_b_16() -> torch.nn.Module:
    """torchvision's; its builds for GPUs import beside CPU torch if two operators that they take for granted are there."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    if not hasattr(torch.ops.torchvision, "nms"):
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT.append(library)
    return import_module("torchvision.models").vit_b_16(weights=None)


#: Definitions last as long as the library object.
_KEPT: list[torch.library.Library] = []

SUBJECTS = (
    Subject("resnet18", lambda: networks.resnet18()),
    Subject("resnet50", lambda: networks.resnet50()),
    Subject("seresnet50", lambda: networks.seresnet50()),
    Subject("mobilenetv2", lambda: networks.mobilenetv2()),
    Subject("unet32", lambda: networks.UNet(width=32)),
    Subject("unet", lambda: networks.UNet()),
    Subject("yolov3", lambda: networks.YOLOv3()),
    Subject("vit_b_16", vit_b_16, sampling=Sampling.image(3, ((224, 224),) * 3, minimum=224)),
)
QUICK = ("resnet18", "mobilenetv2")


def ready(subject: Subject) -> Ready:
    """Build, calibrate and capture it."""
    torch.manual_seed(0)
    model = subject.make().eval()
    sampling = subject.sampling or model.sampling
    calibrate(model, sampling, subject.name)
    captured = capture(model, sampling)
    (name,) = captured.graph.inputs
    x = np.random.default_rng(0).standard_normal((1, 3, subject.side, subject.side)).astype(np.float32)
    return Ready(subject, model, captured.graph, captured.weights, {name: x})


def named(names: list[str] | None, default: tuple[str, ...] = ()) -> list[Subject]:
    """The subjects of these names, in order; by default those of ``default``, or all."""
    wanted = names or default or [subject.name for subject in SUBJECTS]
    return [subject for subject in SUBJECTS if subject.name in wanted]
